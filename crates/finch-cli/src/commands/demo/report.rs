//! The demo for a person.

use super::{
    play::{CUSTOMER, Play, TARGET},
    stage::Call,
};
use crate::{
    fail::Exit,
    output::{Report, Sheet, bad, bold, dim, good},
    words::{count, list, products},
};

impl Report for Play {
    fn human(&self, sheet: &mut Sheet) {
        sheet.line(bold("Finch in a second: connect, use, disconnect, prove"));
        let where_ =
            "A local Finch on this machine, and a sealed SQLite store in a temporary folder.";
        sheet.paragraph(where_);
        self.show_connections(sheet);
        self.show_disconnect(sheet);
        self.show_facts(sheet);
    }

    fn exit(&self) -> Exit {
        if self.held { Exit::Done } else { Exit::Failed }
    }
}

impl Play {
    fn show_connections(&self, sheet: &mut Sheet) {
        sheet.title(&format!("Four times through Finch Connect, for the customer {CUSTOMER}"));
        sheet.line(dim("      who     provider   company    login  products"));
        for token in &self.tokens {
            let step = token.step;
            let products = products(&token.products);
            sheet.line(format!(
                "  {} {:<7} {:<10} {:<10} {:<6} {products}",
                bold(&format!("[{}]", step.number)),
                step.user,
                step.provider,
                step.company,
                step.credentials,
            ));
        }
        let many = count(self.connections.len(), "connection", "connections");
        sheet.title(&format!("They form {many}"));
        for together in &self.connections {
            sheet.line(format!(
                "  {}  {} at {} = {}",
                bold(&format!("Connection {}", together.number)),
                together.company,
                together.provider,
                bold(&numbers(&together.tokens)),
            ));
            let why = match together.tokens.len() {
                1 => "The same company at another provider is another connection.",
                _ => {
                    "The same provider and the same company are one connection, for any person, \
                     credentials and products."
                }
            };
            sheet.text("    ", why);
            for id in &together.connection_ids {
                sheet.line(dim(&format!("    connection_id {id}")));
            }
        }
    }

    fn show_disconnect(&self, sheet: &mut Sheet) {
        sheet.title(&format!("Preview: what would a disconnect of token [{TARGET}] hit?"));
        let is_hit = |id| self.plan.connection_ids.contains(id);
        let hit = self.tokens.iter().filter(|token| is_hit(&token.connection_id));
        let hit: Vec<_> = hit.map(|token| token.step.number).collect();
        let tokens = count(self.plan.tokens, "token", "tokens");
        sheet.text("  ", &format!("{tokens}: {}", numbers(&hit)));
        sheet.text("  ", &format!("products: {}", products(&self.plan.products)));
        sheet.text("  ", &format!("customers: {}", list(&self.plan.customers)));
        sheet.title(&format!("Disconnect token [{TARGET}], and call Finch with all four"));
        sheet.line(dim("      before  after"));
        for token in &self.tokens {
            let said = match token.after.status {
                200 => "still works",
                401 => "Unauthorized",
                _ => "",
            };
            let request = token.after.request_id.as_ref();
            let request = request.map(|id| dim(&format!("  request {id}"))).unwrap_or_default();
            sheet.line(format!(
                "  {} {}     {} {said}{request}",
                bold(&format!("[{}]", token.step.number)),
                status(&token.before),
                status(&token.after),
            ));
        }
        let calls = count(self.disconnect_calls as usize, "call", "calls");
        let text =
            format!("{calls} to /disconnect; then every token was tried until Finch refused it.");
        sheet.text("  ", &text);
    }

    fn show_facts(&self, sheet: &mut Sheet) {
        sheet.title("Checked");
        for fact in &self.facts {
            let mark = if fact.held { good("✓") } else { bad("✗") };
            sheet.text(&format!("  {mark} "), fact.fact);
        }
        let searched = self.search_after;
        let files = count(searched.files, "file", "files");
        let (secrets, size) = (searched.secrets, searched.bytes.div_ceil(1024));
        sheet.text("    ", &dim(&format!("({secrets} secrets looked for in {files}, {size} KiB)")));
        sheet.gap();
        let (held, all) = (self.facts.iter().filter(|fact| fact.held).count(), self.facts.len());
        sheet.line(match self.held {
            true => good(&format!("All {all} facts held. Store and local Finch are gone again.")),
            false => bad(&format!("{held} of {all} facts held.")),
        });
    }
}

/// `[1] [2] [3]`
fn numbers(numbers: &[usize]) -> String {
    numbers.iter().map(|number| format!("[{number}]")).collect::<Vec<_>>().join(" ")
}

fn status(call: &Call) -> String {
    let status = call.status.to_string();
    if call.status == 200 { good(&status) } else { bold(&status) }
}
