//! Which providers there are, in which order they are asked, and which one is wanted.

use std::str::FromStr;

/// A device's part in the order in which providers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A neural processor.
    Npu,
    /// A graphics processor.
    Gpu,
    /// The processor.
    Cpu,
}

/// All providers that are asked, in this order. `…-device` is whatever device a plugin lists.
pub const ORDER: [(&str, Device); 14] = [
    ("qnn", Device::Npu),
    ("openvino-npu", Device::Npu),
    ("coreml", Device::Npu),
    ("vitis", Device::Npu),
    ("npu-device", Device::Npu),
    ("tensorrt", Device::Gpu),
    ("cuda", Device::Gpu),
    ("directml", Device::Gpu),
    ("webgpu", Device::Gpu),
    ("openvino-gpu", Device::Gpu),
    ("gpu-device", Device::Gpu),
    // Last, so that every answer has the processor's time beside it.
    ("cpu", Device::Cpu),
    ("openvino-cpu", Device::Cpu),
    ("embedded", Device::Cpu),
];

/// Which provider is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// The first of NPU, GPU and CPU that runs every node and is fast enough.
    #[default]
    Auto,
    /// The first that is one of those.
    On(Device),
    /// The one of that name ([`ORDER`], or `ep:NAME`).
    Named(String),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The names of plugins' providers are theirs.
        let lower = text.to_ascii_lowercase();
        Ok(match if text.starts_with("ep:") { text } else { &lower } {
            "auto" => Self::Auto,
            "npu" => Self::On(Device::Npu),
            "gpu" => Self::On(Device::Gpu),
            "cpu" => Self::On(Device::Cpu),
            name if ORDER.iter().any(|(known, _)| *known == name) => Self::Named(name.to_owned()),
            // Names go to a child in one list.
            name if name.len() > 3 && name.starts_with("ep:") && !name.contains(',') => {
                Self::Named(name.to_owned())
            }
            _ => {
                let names: Vec<_> = ORDER.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                return Err(format!("the providers are auto, npu, gpu, cpu, ep:NAME, {names}"));
            }
        })
    }
}

impl Wanted {
    /// Whom to ask. The processor is asked in any case, for comparison.
    pub(super) fn providers(&self) -> Vec<String> {
        let of = |wanted: Option<Device>| {
            let fits = move |(name, device): &&(&str, Device)| {
                *name != "embedded"
                    && *name != "openvino-cpu"
                    && (wanted.is_none_or(|wanted| wanted == *device) || *name == "cpu")
            };
            ORDER.iter().filter(fits).map(|(name, _)| (*name).to_owned()).collect()
        };
        match self {
            Self::Auto => of(None),
            Self::On(device) => of(Some(*device)),
            Self::Named(name) if name == "cpu" => vec![name.clone()],
            Self::Named(name) => vec![name.clone(), "cpu".to_owned()],
        }
    }

    /// Whether a provider of that name may be taken.
    pub(super) fn takes(&self, name: &str) -> bool {
        let device = ORDER.iter().find(|(known, _)| *known == name).map(|(_, device)| *device);
        match self {
            Self::Auto => true,
            Self::On(wanted) => device == Some(*wanted),
            Self::Named(wanted) => wanted == name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_wanted_by_device_or_name() {
        assert_eq!("auto".parse(), Ok(Wanted::Auto));
        assert_eq!("NPU".parse(), Ok(Wanted::On(Device::Npu)));
        assert_eq!("openvino-npu".parse(), Ok(Wanted::Named("openvino-npu".to_owned())));
        assert_eq!("ep:Some EP".parse(), Ok(Wanted::Named("ep:Some EP".to_owned())));
        for wrong in ["", "quantum", "ep:", "ep:a,b", "qnn,cuda"] {
            assert!(wrong.parse::<Wanted>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_order_is_npu_gpu_cpu_and_the_processor_is_always_asked() {
        let asked = Wanted::Auto.providers();
        let place = |name: &str| asked.iter().position(|one| one == name).unwrap();
        assert!(place("qnn") < place("cuda") && place("gpu-device") < place("cpu"));
        assert_eq!(Wanted::On(Device::Npu).providers().last().unwrap(), "cpu");
        assert!(!Wanted::On(Device::Npu).takes("cpu") && Wanted::On(Device::Npu).takes("vitis"));
        let named = Wanted::Named("ep:x".to_owned());
        assert_eq!(named.providers(), ["ep:x", "cpu"]);
        assert!(named.takes("ep:x") && !named.takes("cpu"));
    }
}
