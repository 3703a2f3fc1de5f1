//! Deliveries that were changed on the way: refused, or the very event that Finch has signed.

use finch_core::Timestamp;
use finch_tests::cases;
use proptest::prelude::*;

use super::{Delivery, account};

const NOW: Timestamp = Timestamp::constant(1_767_225_600, 500_000_000);

/// One thing that is done to a delivery.
#[derive(Clone, Debug)]
enum Change {
    Drop(usize),
    Double(usize),
    Swap(usize, usize),
    Rename(usize, String),
    Replace(usize, Vec<u8>),
    Splice(usize, usize, Vec<u8>),
    AddHeader(usize, Vec<u8>),
    Body(usize, Vec<u8>),
    CutBody(usize),
    AnotherBody(Vec<u8>),
    Clock(i64),
}

fn change() -> impl Strategy<Value = Change> {
    let header = || 0_usize..3;
    let bytes = || {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..12),
            "[0-9]{0,12}".prop_map(String::into_bytes),
            "(v[012]a?,[A-Za-z0-9+/=]{0,48} ?){0,3}".prop_map(String::into_bytes),
            Just(b" ".to_vec()),
            Just(b".".to_vec()),
        ]
    };
    prop_oneof![
        header().prop_map(Change::Drop),
        header().prop_map(Change::Double),
        (header(), header()).prop_map(|(a, b)| Change::Swap(a, b)),
        (header(), "[A-Za-z-]{0,20}").prop_map(|(at, name)| Change::Rename(at, name)),
        (header(), bytes()).prop_map(|(at, value)| Change::Replace(at, value)),
        (header(), 0_usize..60, bytes())
            .prop_map(|(at, place, with)| Change::Splice(at, place, with)),
        (header(), bytes()).prop_map(|(at, value)| Change::AddHeader(at, value)),
        (0_usize..200, bytes()).prop_map(|(place, with)| Change::Body(place, with)),
        (0_usize..200).prop_map(Change::CutBody),
        bytes().prop_map(Change::AnotherBody),
        (-900_i64..900).prop_map(Change::Clock),
    ]
}

impl Delivery {
    fn apply(&mut self, change: Change, now: &mut Timestamp) {
        let headers = self.headers.len();
        let spliced = |value: &mut Vec<u8>, place: usize, with: Vec<u8>| {
            let place = place.min(value.len());
            value.splice(place..place, with);
        };
        match change {
            Change::Clock(by) => *now += jiff::SignedDuration::from_secs(by),
            Change::Body(place, with) => spliced(&mut self.body, place, with),
            Change::CutBody(at) => self.body.truncate(at),
            Change::AnotherBody(body) => self.body = body,
            _ if headers == 0 => {}
            Change::Drop(at) => drop(self.headers.remove(at % headers)),
            Change::Double(at) => self.headers.push(self.headers[at % headers].clone()),
            Change::Swap(a, b) => self.headers.swap(a % headers, b % headers),
            Change::Rename(at, name) => self.headers[at % headers].0 = name,
            Change::Replace(at, value) => self.headers[at % headers].1 = value,
            Change::Splice(at, place, with) => {
                spliced(&mut self.headers[at % headers].1, place, with)
            }
            Change::AddHeader(at, value) => {
                let name = self.headers[at % headers].0.clone();
                self.headers.insert(0, (name, value));
            }
        }
    }
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn a_changed_delivery_is_refused_or_what_finch_signed(
        changes in proptest::collection::vec(change(), 0..4),
        ended: bool,
    ) {
        let status = if ended { "disconnected" } else { "error_new" };
        let body = account(&"k".parse().expect("an id"), status);
        let mut delivery = Delivery::new("msg_1", &body, NOW);
        let mut now = NOW;
        let right = delivery.check(now).expect("it is Finch's");
        for change in changes {
            delivery.apply(change, &mut now);
        }
        match delivery.check(now) {
            Ok(event) => {
                let received = event.received;
                prop_assert_eq!(event, finch_core::WebhookEvent { received: now, ..right.clone() });
                let age = received.as_second() - NOW.as_second();
                prop_assert!(age.abs() <= 300, "{} s", age);
            }
            Err(refused) => {
                let shown = format!("{refused} {refused:?}");
                prop_assert!(!shown.contains("msg_1") && !shown.contains("account"), "{}", shown);
            }
        }
    }
}
