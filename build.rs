//! With the feature `rlottie`: looks for the system's rlottie, and says what to install.
//!
//! rlottie-sys would clone and compile it instead. Cargo may start its build script before this one
//! is done, but it has to compile bindgen first; this one needs next to nothing.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "rlottie")]
    look_for_rlottie();
}

#[cfg(feature = "rlottie")]
fn look_for_rlottie() {
    // Elsewhere the feature builds nothing.
    if std::env::var_os("CARGO_CFG_UNIX").is_none() {
        return;
    }
    let found = pkg_config::Config::new()
        .atleast_version("0.1")
        .cargo_metadata(false)
        .env_metadata(true)
        .probe("rlottie");
    if let Err(error) = found {
        println!(
            "cargo::error=the feature `rlottie` needs the system's rlottie: \
             apt install librlottie-dev libclang-dev"
        );
        for line in error.to_string().lines().filter(|line| !line.trim().is_empty()) {
            println!("cargo::warning={line}");
        }
    }
}
