//! Licence expressions, as SPDX writes them: `MIT OR (Apache-2.0 WITH LLVM-exception AND ISC)`.

/// Whether an expression can be kept with licences that are allowed; `/` is an old spelling of `OR`. What
/// is no expression is not allowed.
pub(super) fn is_allowed(expression: &str, allow: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { rest: spaced.split_whitespace().collect(), allow };
    words.rest.reverse();
    words.either().is_some_and(|allowed| allowed && words.rest.is_empty())
}

/// What is left to read, its first word last.
struct Words<'a> {
    rest: Vec<&'a str>,
    allow: &'a dyn Fn(&str) -> bool,
}

impl Words<'_> {
    fn takes(&mut self, word: &str) -> bool {
        self.rest.pop_if(|next| *next == word).is_some()
    }

    fn either(&mut self) -> Option<bool> {
        let mut allowed = self.both()?;
        while self.takes("OR") {
            allowed |= self.both()?;
        }
        Some(allowed)
    }

    fn both(&mut self) -> Option<bool> {
        let mut allowed = self.one()?;
        while self.takes("AND") {
            allowed &= self.one()?;
        }
        Some(allowed)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes("(") {
            let allowed = self.either()?;
            return self.takes(")").then_some(allowed);
        }
        let name = self.rest.pop().filter(|word| !["OR", "AND", "WITH", ")"].contains(word))?;
        // An exception makes another licence, to be allowed by its whole name.
        if self.takes("WITH") {
            let exception = self.rest.pop()?;
            return Some((self.allow)(&format!("{name} WITH {exception}")));
        }
        Some((self.allow)(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(allow: &[&str], expression: &str) -> bool {
        is_allowed(expression, &|name| allow.contains(&name))
    }

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        for allowed in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0 OR MIT",
            "GPL-3.0/MIT",
            "Apache-2.0 / MIT",
            "MIT AND ISC",
            "(MIT)",
            "(GPL-3.0 OR MIT) AND ISC",
            "GPL-3.0 AND X OR MIT",
            "MIT OR GPL-3.0 AND X",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(with(&["MIT", "ISC"], allowed), "{allowed}");
        }
        for denied in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR ISC) AND GPL-3.0",
            "GPL-3.0 AND MIT OR X",
            "MIT WITH some-exception",
        ] {
            assert!(!with(&["MIT", "ISC"], denied), "{denied}");
        }
        assert!(with(&["MIT WITH some-exception"], "MIT WITH some-exception"));
    }

    #[test]
    fn what_is_no_expression_is_not_allowed() {
        for text in
            ["", "(", ")", "(MIT", "MIT)", "MIT OR", "OR MIT", "MIT ISC", "MIT WITH", "MIT AND"]
        {
            assert!(!with(&["MIT", "ISC"], text), "{text}");
        }
    }
}
