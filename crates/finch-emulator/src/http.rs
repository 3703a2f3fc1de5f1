//! Requests, responses, errors and JSON in Finch's format. No endpoint is in here.

mod api_error;
mod finch_error;
mod json;
mod page;
mod request;
mod response;
mod router;

pub(crate) use api_error::ApiError;
pub use finch_error::FinchError;
pub(crate) use json::{AbsoluteUrl, Invalid, Names, Text, checked, from_value, parse};
pub(crate) use page::{PagePolicy, page};
pub(crate) use request::{BODY_LIMIT, Request};
pub(crate) use response::{
    HTML, JSON, REQUEST_ID, Response, TEXT, json, ok, redirect, success, typed,
};
pub(crate) use router::{Route, Router};
