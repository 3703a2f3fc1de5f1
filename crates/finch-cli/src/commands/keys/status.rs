//! `finch keys status`: which key opens the store, and whether a rotation is under way.

use finch_app::KeyStatus;

use crate::{
    args::Operator,
    fail::{Exit, Failure},
    output::{self, Report, Sheet},
    words::{count, list},
};

pub(crate) async fn run(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    output::show(&finch.key_status(&scope).await?, json)
}

impl Report for KeyStatus {
    fn human(&self, sheet: &mut Sheet) {
        sheet.done("The store opens with this key");
        sheet.pair("key", &self.key);
        let label = if self.data_keys.len() == 1 { "data key" } else { "data keys" };
        sheet.pair(label, &list(&self.data_keys));
        if let Some(left) = self.left_to_reseal {
            let left = count(left as usize, "connection", "connections");
            let text = format!("A rotation is under way, with {left} left: finch keys rotate");
            sheet.gap();
            sheet.open(&text);
        }
    }

    fn exit(&self) -> Exit {
        if self.left_to_reseal.is_some() { Exit::LeftOpen } else { Exit::Done }
    }
}
