//! How the play is told.

use super::play::{CUSTOMER, Call, Play, Played};
use crate::{
    fail::Exit,
    output::{Report, Sheet, bad, bold, dim, good},
    words::{count, list, products},
};

impl Play {
    /// The first fact that did not hold.
    pub(crate) fn failed(&self) -> Option<&'static str> {
        self.facts.iter().find(|fact| !fact.held).map(|fact| fact.fact)
    }

    fn show_connects(&self, sheet: &mut Sheet) {
        sheet.title(&format!("Four times through Finch Connect, for the customer {CUSTOMER}"));
        sheet.line(dim("      who     provider   company    login  products"));
        for token in &self.tokens {
            let step = token.step;
            sheet.line(format!(
                "  {} {:<7} {:<10} {:<10} {:<6} {}",
                bold(&format!("[{}]", step.number)),
                step.user,
                step.provider,
                step.company,
                step.credentials,
                products(&token.products),
            ));
        }
    }

    fn show_connections(&self, sheet: &mut Sheet) {
        sheet.title(&format!(
            "They form {}",
            count(self.connections.len(), "connection", "connections")
        ));
        for together in &self.connections {
            sheet.line(format!(
                "  {}  {} at {} = {}",
                bold(&format!("Connection {}", together.number)),
                together.company,
                together.provider,
                bold(&numbers(&together.tokens)),
            ));
            sheet.text("    ", together.why);
            for id in &together.connection_ids {
                sheet.line(dim(&format!("    connection_id {id}")));
            }
        }
    }

    fn show_plan(&self, sheet: &mut Sheet) {
        let target = self.disconnected;
        sheet.title(&format!("Preview: what would a disconnect of token [{target}] hit?"));
        let hit = self
            .tokens
            .iter()
            .filter(|token| self.plan.connection_ids.contains(&token.connection_id));
        let hit: Vec<_> = hit.map(|token| token.step.number).collect();
        sheet.text(
            "  ",
            &format!("{}: {}", count(self.plan.tokens, "token", "tokens"), numbers(&hit)),
        );
        sheet.text("  ", &format!("products: {}", products(&self.plan.products)));
        sheet.text("  ", &format!("customers: {}", list(&self.plan.customers)));
    }

    fn show_proof(&self, sheet: &mut Sheet) {
        sheet.title(&format!(
            "Disconnect token [{}], and call Finch with all four",
            self.disconnected
        ));
        sheet.line(dim("      before  after"));
        for token in &self.tokens {
            sheet.line(format!(
                "  {} {}     {}",
                bold(&format!("[{}]", token.step.number)),
                answer(&token.before),
                after(token),
            ));
        }
        let asked = usize::try_from(self.disconnect_calls).unwrap_or(usize::MAX);
        sheet.text(
            "  ",
            &format!(
                "{} to /disconnect; then every token was tried until Finch refused it.",
                count(asked, "call", "calls")
            ),
        );
    }

    fn show_facts(&self, sheet: &mut Sheet) {
        sheet.title("Checked");
        for fact in &self.facts {
            let mark = if fact.held { good("✓") } else { bad("✗") };
            sheet.text(&format!("  {mark} "), fact.fact);
        }
        let searched = self.search_after;
        sheet.text(
            "    ",
            &dim(&format!(
                "({} secrets looked for in {}, {} KiB)",
                searched.secrets,
                count(searched.files, "file", "files"),
                searched.bytes.div_ceil(1024)
            )),
        );
    }
}

impl Report for Play {
    fn human(&self, sheet: &mut Sheet) {
        sheet.line(bold("Finch in a second: connect, use, disconnect, prove"));
        sheet.text(
            "",
            "A local Finch on this machine, and a sealed SQLite store in a temporary folder.",
        );
        self.show_connects(sheet);
        self.show_connections(sheet);
        self.show_plan(sheet);
        self.show_proof(sheet);
        self.show_facts(sheet);
        sheet.gap();
        let held = self.facts.iter().filter(|fact| fact.held).count();
        let all = self.facts.len();
        if self.held {
            sheet.line(good(&format!(
                "All {all} facts held. Store and local Finch are gone again."
            )));
        } else {
            sheet.line(bad(&format!("{held} of {all} facts held.")));
        }
    }

    fn exit(&self) -> Exit {
        if self.held { Exit::Done } else { Exit::Failed }
    }
}

/// `[1] [2] [3]`
fn numbers(numbers: &[usize]) -> String {
    let shown: Vec<_> = numbers.iter().map(|number| format!("[{number}]")).collect();
    shown.join(" ")
}

fn answer(call: &Call) -> String {
    let status = call.status.to_string();
    if call.status == 200 { good(&status) } else { bold(&status) }
}

fn after(token: &Played) -> String {
    let said = match token.after.status {
        200 => "still works",
        401 => "Unauthorized",
        _ => "",
    };
    let request = token.after.request_id.as_ref().map(|id| dim(&format!("  request {id}")));
    format!("{} {said}{}", answer(&token.after), request.unwrap_or_default())
}
