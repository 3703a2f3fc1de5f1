//! What is logged, of every crate and at every level.

use std::{error::Error, fmt::Debug};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::chain;

/// A subscriber that calls this with each event and span, as the text of its fields behind its target or name.
#[derive(Clone, Copy, Debug)]
pub struct EveryLine(pub fn(String));

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.0 += &format!(" {}={}", field.name(), chain(value));
    }
}

impl EveryLine {
    fn write(self, name: &str, record: impl FnOnce(&mut Line)) {
        let mut line = Line(name.to_owned());
        record(&mut line);
        (self.0)(line.0);
    }
}

impl Subscriber for EveryLine {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.write(attributes.metadata().name(), |line| attributes.record(line));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        self.write("", |line| values.record(line));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        self.write(event.metadata().target(), |line| event.record(line));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use finch_core::StoreError;

    use super::*;

    thread_local! {
        static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    #[test]
    fn an_error_is_written_with_its_sources() {
        let error = StoreError::Backend("the cause".into());
        let log = EveryLine(|line| LINES.with_borrow_mut(|lines| lines.push(line)));
        tracing::subscriber::with_default(log, || {
            tracing::error!(error = &error as &dyn Error, "it failed");
        });
        let lines = LINES.take();
        assert!(lines[0].contains("the store failed"), "{lines:?}");
        assert!(lines[0].contains("\nthe cause"), "{lines:?}");
    }
}
