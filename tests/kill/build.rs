//! Builds the kill switch, which is loaded into the `finch` that is tested.

use std::{env, path::PathBuf, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=switch.c");
    let switch = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("switch.so");
    // Empty elsewhere: the tests then say that they cannot run.
    let made = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") && {
        let compiler = cc::Build::new().opt_level(1).get_compiler();
        let mut command = Command::new(compiler.path());
        command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
        command.arg(&switch).args(["switch.c", "-ldl"]);
        let done = command.status();
        assert!(done.is_ok_and(|status| status.success()), "the kill switch does not build");
        true
    };
    let switch = if made { switch.display().to_string() } else { String::new() };
    println!("cargo::rustc-env=FINCH_SWITCH={switch}");
}
