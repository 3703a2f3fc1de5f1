//! The rules, and the ways in which they could be broken.

/// The rules as they are, or simplified in one way. Each simplification must break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// The rules of `finch-core`.
    Right,
    /// Any 401 counts as a refusal.
    Any401MeansDead,
    /// One refused token counts for the whole connection.
    OneRefusalSettlesAll,
    /// A success of `/disconnect` counts as a refusal.
    SuccessIsProof,
    /// Tokens are fenced when the remote call has returned.
    MarkedAfterTheCall,
    /// The attempt is not durable before its code is sent.
    NoIntentBeforeTheExchange,
    /// A code whose answer was lost is sent again.
    CodeSentAgain,
    /// A token in doubt is used.
    NoUnverified,
    /// A token counts from when it arrives, not from when its exchange began.
    NoCovering,
    /// A token that comes too late reopens its disconnect although a newer generation lives.
    NoSuperseded,
    /// Nothing takes effect late.
    NoSevenMinutes,
    /// The fence is in the memory of the process.
    FenceNotDurable,
    /// A secret is wiped when `/disconnect` has succeeded.
    WipedBeforeTheRefusal,
    /// No instance asks for a lease.
    LeaseIgnored,
    /// A state may be used twice.
    StateNotConsumed,
    /// A retired token's secret is wiped.
    RetiredIsWiped,
    /// `/disconnect` goes out without a sending mark.
    NoSendingMark,
    /// A sending mark that is found is dropped.
    FoundMarkDropped,
}
