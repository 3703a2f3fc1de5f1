//! `finch keys status`: which key opens the store, and whether a rotation is under way.

use finch_app::KeyStatus;
use serde::Serialize;

use crate::{
    args::Operator,
    fail::{Exit, Failure},
    output::{self, Report, Sheet},
    words::{count, list},
};

#[derive(Serialize)]
#[serde(transparent)]
struct Status(KeyStatus);

pub(crate) async fn run(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    let report = Status(finch.key_status(&scope).await?);
    output::show(&report, json)
}

impl Report for Status {
    fn human(&self, sheet: &mut Sheet) {
        let status = &self.0;
        sheet.done("The store opens with this key");
        sheet.pair("key", &status.key);
        let label = if status.data_keys.len() == 1 { "data key" } else { "data keys" };
        sheet.pair(label, &list(&status.data_keys));
        if let Some(left) = status.left_to_reseal {
            let left = count(left as usize, "connection", "connections");
            let text = format!("A rotation is under way, with {left} left: finch keys rotate");
            sheet.gap();
            sheet.open(&text);
        }
    }

    fn exit(&self) -> Exit {
        if self.0.left_to_reseal.is_some() { Exit::LeftOpen } else { Exit::Done }
    }
}
