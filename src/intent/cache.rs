//! What came of trying an ONNX Runtime, written down by all that it depends on.

use super::onnx::ModelFile;
use super::providers::Plugin;
use super::trial::Trial;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What is written down holds so long; where something hung or crashed, less.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const KEPT_SHAKY: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest file of what was written down, and how many trials it has.
const MAX_CACHE_BYTES: u64 = 1 << 20;
const MAX_CACHED: usize = 16;

/// All that what came of trying depends on: this version, the library and the plugins, the model, who
/// was asked, the system and its devices.
pub(super) fn key(
    library: &Path,
    file: &ModelFile,
    providers: &[String],
    plugins: &[Plugin],
) -> String {
    let about = |path: &Path| {
        let about = fs::metadata(path).ok();
        let changed = about.as_ref().and_then(|about| about.modified().ok());
        let changed = changed.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let size = about.map_or(0, |about| about.len());
        format!("{}:{size}:{}", path.display(), changed.map_or(0, |at| at.as_nanos()))
    };
    let mut model = DefaultHasher::new();
    file.bytes().hash(&mut model);
    let mut parts = vec![env!("CARGO_PKG_VERSION").to_owned(), about(library)];
    parts.push(format!("{:x}", model.finish()));
    parts.push(providers.join(","));
    parts.extend(plugins.iter().map(|plugin| format!("{}={}", plugin.name, about(&plugin.path))));
    // Providers read wishes of their own there.
    let wishes = ["ORT_", "GGML_", "OPENVINO_", "QNN_", "CUDA_"];
    let mut found: Vec<_> = std::env::vars_os()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .filter(|wish| wishes.iter().any(|start| wish.starts_with(start)))
        .collect();
    found.sort();
    parts.append(&mut found);
    parts.push(fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default());
    for folder in ["/sys/class/accel", "/dev/dri", "/proc/driver/nvidia/gpus"] {
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        parts.push(names.join(","));
    }
    parts.join("|")
}

/// What was written down.
#[derive(Default)]
pub(super) struct Cache(serde_json::Map<String, serde_json::Value>);

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Cache {
    /// What is no such file is as good as none.
    pub(super) fn read(path: &Path) -> Self {
        let read = || {
            let mut text = String::new();
            let file = fs::File::open(path).ok()?;
            file.take(MAX_CACHE_BYTES).read_to_string(&mut text).ok()?;
            serde_json::from_str(&text).ok()
        };
        Self(read().unwrap_or_default())
    }

    pub(super) fn get(&self, key: &str) -> Option<Trial> {
        let entry = self.0.get(key)?;
        let until = entry.get("until")?.as_u64()?;
        let holds = seconds_now() < until && until <= seconds_now() + KEPT.as_secs();
        holds.then(|| Trial::from_json(entry.get("lines")?)).flatten()
    }

    pub(super) fn put(&mut self, key: String, trial: &Trial) {
        while self.0.len() >= MAX_CACHED
            && let Some(oldest) = self.0.keys().next().cloned()
        {
            self.0.shift_remove(&oldest);
        }
        let kept = if trial.shaky { KEPT_SHAKY } else { KEPT };
        let entry = serde_json::json!({
            "until": seconds_now() + kept.as_secs(),
            "lines": trial.to_json(),
        });
        self.0.insert(key, entry);
    }

    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, &self.0)?;
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_holds_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er.json");
        let mut cache = Cache::default();
        for n in 0..40 {
            cache.put(n.to_string(), &Trial::default());
        }
        assert_eq!(cache.0.len(), MAX_CACHED);
        cache.write(&path).unwrap();
        let read = Cache::read(&path);
        assert!(read.get("39").is_some() && read.get("0").is_none());
        let entry = |until: u64| serde_json::json!({ "until": until, "lines": [] });
        let mut cache = Cache::default();
        cache.0.insert("old".to_owned(), entry(seconds_now() - 1));
        cache.0.insert("of the future".to_owned(), entry(u64::MAX));
        cache.0.insert(
            "nonsense".to_owned(),
            serde_json::json!({ "until": seconds_now() + 9, "lines": 7 }),
        );
        assert!(["old", "of the future", "nonsense"].iter().all(|key| cache.get(key).is_none()));
    }
}
