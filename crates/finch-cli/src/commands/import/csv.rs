//! Comma-separated values, line by line: a value has no line break, so that a quote which is not closed
//! spoils one line and no other.

use csv_core::{ReadRecordResult, Reader};

use super::lines::LONGEST;
use crate::fail::Failure;

/// More columns are not read.
const COLUMNS: usize = 512;

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) token: String,
    pub(super) customer: String,
    pub(super) connection_id: String,
}

/// Where it stands.
#[derive(Debug)]
struct Columns {
    token: usize,
    customer: usize,
    connection_id: Option<usize>,
    named: bool,
}

/// The lines of one file.
pub(super) struct Csv {
    /// Kept: making one costs a hundred times as much as a line. (A clone of it reads nothing right.)
    reader: Reader,
    columns: Option<Columns>,
    ignored: Vec<String>,
}

impl Default for Csv {
    fn default() -> Self {
        Self { reader: Reader::new(), columns: None, ignored: Vec::new() }
    }
}

impl Csv {
    /// Whether the first line named the columns.
    pub(super) fn is_named(&self) -> bool {
        self.columns.as_ref().is_some_and(|columns| columns.named)
    }

    /// The names of columns that are not used.
    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// What a line says, or what is wrong with it; none: it names the columns.
    ///
    /// # Errors
    /// The columns are named, and not those that are needed.
    pub(super) fn read(
        &mut self,
        line: &str,
    ) -> Result<Option<Result<Fields, &'static str>>, Failure> {
        let values = match split(&mut self.reader, line) {
            Ok(values) => values,
            Err(why) => return Ok(Some(Err(why))),
        };
        if self.columns.is_none() {
            let (columns, ignored) = columns(&values)?;
            let named = columns.named;
            (self.columns, self.ignored) = (Some(columns), ignored);
            if named {
                return Ok(None);
            }
        }
        Ok(self.columns.as_ref().map(|columns| fields(columns, values)))
    }
}

fn fields(columns: &Columns, mut values: Vec<String>) -> Result<Fields, &'static str> {
    if values.len() == 1 {
        return Err("the line has one value: token and customer stand apart by a comma");
    }
    let mut take = |at: usize| values.get_mut(at).map(std::mem::take).unwrap_or_default();
    Ok(Fields {
        token: take(columns.token),
        customer: take(columns.customer),
        connection_id: columns.connection_id.map(take).unwrap_or_default(),
    })
}

/// What the first line says of the columns: their names; or, being a token already, nothing.
fn columns(first: &[String]) -> Result<(Columns, Vec<String>), Failure> {
    let names: Vec<_> = first.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    let place = |known: &[&str]| {
        let mut found = names.iter().enumerate().filter(|(_, name)| known.contains(&name.as_str()));
        let place = found.next().map(|(at, _)| at);
        match found.next() {
            Some(_) => Err(Failure::usage(format!("two columns are called {}", known[0]))
                .help("rename one of them")),
            None => Ok(place),
        }
    };
    let token = place(&["token", "access_token"])?;
    let customer = place(&["customer", "customer_id"])?;
    let connection_id = place(&["connection_id"])?;
    let (token, customer) = match (token, customer) {
        (Some(token), Some(customer)) => (token, customer),
        (None, None) => {
            let columns = Columns { token: 0, customer: 1, connection_id: None, named: false };
            return Ok((columns, Vec::new()));
        }
        (token, _) => {
            let missing = if token.is_none() { "token" } else { "customer" };
            return Err(Failure::usage(format!("no column is called {missing}"))
                .help("name the columns token and customer, in any order"));
        }
    };
    let used = [Some(token), Some(customer), connection_id];
    let ignored = first.iter().enumerate().filter(|(at, _)| !used.contains(&Some(*at)));
    let ignored = ignored.map(|(_, name)| name.trim().to_owned()).filter(|name| !name.is_empty());
    Ok((Columns { token, customer, connection_id, named: true }, ignored.collect()))
}

/// The values of one line.
fn split(reader: &mut Reader, line: &str) -> Result<Vec<String>, &'static str> {
    reader.reset();
    let (mut text, mut ends) = (vec![0; line.len().min(LONGEST) + 1], [0; COLUMNS]);
    let (mut written, mut count) = (0, 0);
    let mut ended = false;
    for input in [line.as_bytes(), b"\n"] {
        let (result, read, wrote, ends_now) =
            reader.read_record(input, &mut text[written..], &mut ends[count..]);
        written += wrote;
        count += ends_now;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record if read == input.len() && !ended => ended = true,
            ReadRecordResult::Record => return Err("the line has a line break in it"),
            _ => return Err("the line has too many values"),
        }
    }
    if !ended {
        return Err("a quote is not closed in the line");
    }
    let mut begin = 0;
    let values = ends[..count].iter().map(|end| {
        let value = String::from_utf8_lossy(&text[begin..*end]).into_owned();
        begin = *end;
        value
    });
    Ok(values.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Vec<String>, &'static str> {
        let mut reader = Reader::new();
        // Whatever came before.
        let _ = super::split(&mut reader, "a,\"b");
        super::split(&mut reader, line)
    }

    #[test]
    fn quotes_are_taken_off_and_must_be_closed() {
        assert_eq!(split("a,\"b,\"\"c\"\"\" ,").expect("three"), ["a", "b,\"c\" ", ""]);
        assert_eq!(split("\"a,b").expect_err("open"), "a quote is not closed in the line");
        assert_eq!(split("a\rb,c").expect_err("two"), "the line has a line break in it");
        assert_eq!(split(&",".repeat(COLUMNS)).expect_err("many"), "the line has too many values");
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_or_by_place() {
        let first = |line: &str| columns(&split(line).expect("values"));
        let (found, ignored) = first("Name, CUSTOMER_ID ,Access_Token,connection_id").expect("all");
        assert_eq!((found.token, found.customer, found.connection_id), (2, 1, Some(3)));
        assert_eq!(ignored, ["Name"]);
        let (found, _) = first("abc,acme,more").expect("values");
        assert_eq!((found.token, found.customer, found.named), (0, 1, false));
        assert!(first("token,name").is_err() && first("customer,x").is_err());
        assert!(first("token,access_token,customer").is_err());
    }
}
