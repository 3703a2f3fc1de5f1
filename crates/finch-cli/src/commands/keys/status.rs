//! `finch keys status`: which key opens the store, and how far its data keys are used up.

use finch_sqlite::{DataKey, KeyStatus};
use serde::Serialize;

use crate::{
    args::StoreArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, good, warn},
    wiring,
    words::count,
};

#[derive(Serialize)]
#[serde(transparent)]
struct Status(KeyStatus);

pub(crate) async fn run(args: &StoreArgs, json: bool) -> Result<Exit, Failure> {
    let store = wiring::open_store(&args.client)?;
    let report = Status(store.key_status().await?);
    output::print(&report, json)?;
    Ok(report.exit())
}

/// How much of a data key's seals are spoken for, in percent.
fn used(key: &DataKey) -> f64 {
    f64::from(key.seals) / f64::from(key.limit) * 100.0
}

impl Report for Status {
    fn human(&self, sheet: &mut Sheet) {
        let status = &self.0;
        sheet.line(format!("{} The store opens with this key", good("✓")));
        sheet.pair("key", &status.key);
        sheet.pair("sealed", &count(status.secrets as usize, "secret", "secrets"));
        for key in &status.data_keys {
            let seals = format!(
                "data key {}: {} of {} seals spoken for ({:.1} %)",
                key.epoch,
                key.seals,
                key.limit,
                used(key)
            );
            sheet.pair("", &seals);
        }
        sheet.gap();
        if let Some(left) = status.left_to_reseal {
            let left = count(left as usize, "secret", "secrets");
            let text = format!("A rotation is under way, with {left} left: finch keys rotate");
            sheet.text(&format!("{} ", warn("!")), &text);
        }
        if status.data_keys.last().is_some_and(|key| used(key) > 50.0) {
            let text = "The data key is half used up; at its limit nothing more can be sealed: \
                finch keys rotate";
            sheet.text(&format!("{} ", warn("!")), text);
        }
    }

    fn exit(&self) -> Exit {
        if self.0.left_to_reseal.is_some() { Exit::LeftOpen } else { Exit::Done }
    }
}
