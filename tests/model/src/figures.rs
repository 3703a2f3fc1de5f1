//! One line of figures, to be collected.

use std::{fs::OpenOptions, io::Write};

use crate::{check::Found, variant::Variant};

/// Says what a check has found: to the file that `FINCH_FIGURES` names, or else to standard output.
#[expect(clippy::print_stdout, reason = "the figures")]
pub fn report(variant: Variant, found: &Found) {
    let line = format!(
        "{{\"layer\":\"model\",\"rules\":\"{variant:?}\",\"states\":{},\"depth\":{},\"seconds\":{:.1},\"broken\":{}}}\n",
        found.states,
        found.depth,
        found.seconds,
        found.broken.len(),
    );
    match std::env::var_os("FINCH_FIGURES") {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the file of figures");
        }
        None => print!("{line}"),
    }
}
