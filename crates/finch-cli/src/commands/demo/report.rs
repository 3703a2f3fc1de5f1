//! The demo for a person.

use super::play::{COMPANY, CUSTOMER, Play, TARGET};
use crate::output::{BAD, BOLD, DIM, GOOD, PLAIN, Report, Sheet};

impl Report for Play {
    fn human(&self, sheet: &mut Sheet) {
        sheet.line(format!("{BOLD}Finch in a second: connect, use, disconnect, prove{PLAIN}"));
        sheet.line(
            "A local Finch on this machine, and a sealed SQLite store in a temporary folder.",
        );
        sheet.title(&format!("Four times through Finch Connect, for {COMPANY} ({CUSTOMER})"));
        sheet.line(format!("{DIM}      who     provider   login  products{PLAIN}"));
        for token in &self.tokens {
            let products: Vec<_> = token.products.iter().map(|product| product.as_str()).collect();
            sheet.line(format!(
                "  {} {:<7} {:<10} {:<6} {}",
                numbers([&token.number]),
                token.user,
                token.provider,
                token.credentials,
                products.join(", "),
            ));
        }
        sheet.title("They form these connections");
        for connection in &self.connections {
            let (provider, tokens) = (connection.provider, numbers(&connection.tokens));
            sheet.line(format!("  {COMPANY} at {provider} = {tokens}"));
            for id in &connection.connection_ids {
                sheet.line(format!("    {DIM}connection_id {id}{PLAIN}"));
            }
        }
        sheet.text(
            "  ",
            "The same provider and the same company are one connection, for any person, credentials and \
             products. The same company at another provider is another one.",
        );
        sheet.title(&format!("Preview: what would a disconnect of token [{TARGET}] hit?"));
        sheet.facts(&self.plan);
        sheet.title(&format!("Disconnect token [{TARGET}], and call Finch with all four"));
        sheet.line(format!("{DIM}      before  after{PLAIN}"));
        for token in &self.tokens {
            let (colour, said) = match token.after.status {
                200 => (GOOD, "still works"),
                401 => (BOLD, "Unauthorized"),
                _ => (BAD, ""),
            };
            let request = token.after.request_id.as_ref();
            let request = request.map(|id| format!("  request {id}")).unwrap_or_default();
            sheet.line(format!(
                "  {} {}     {colour}{}{PLAIN} {said}{DIM}{request}{PLAIN}",
                numbers([&token.number]),
                token.before.status,
                token.after.status,
            ));
        }
        let calls = self.disconnect_calls;
        sheet.line(format!(
            "  Calls to /disconnect: {calls}; then each token until Finch refused it."
        ));
        sheet.title("Checked");
        for fact in &self.facts {
            let mark = if fact.held { format!("{GOOD}✓") } else { format!("{BAD}✗") };
            sheet.line(format!("  {mark}{PLAIN} {}", fact.fact));
        }
        let (secrets, files) = (self.search_after.secrets, self.search_after.files);
        sheet.line(format!("    {DIM}({secrets} secrets were looked for in {files} files){PLAIN}"));
        sheet.gap();
        let (held, all) = (self.facts.iter().filter(|fact| fact.held).count(), self.facts.len());
        let colour = if self.held { GOOD } else { BAD };
        sheet.line(format!(
            "{colour}{held} of {all} facts held.{PLAIN} Store and local Finch are gone."
        ));
    }
}

/// `[1] [2] [3]`
fn numbers<'a>(numbers: impl IntoIterator<Item = &'a usize>) -> String {
    let each = numbers.into_iter().map(|number| format!("{BOLD}[{number}]{PLAIN}"));
    each.collect::<Vec<_>>().join(" ")
}
