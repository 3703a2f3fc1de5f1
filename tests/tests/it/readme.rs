//! The README shows the program that the tests run.

#[test]
fn the_readme_shows_the_program_that_is_tested() {
    let readme = include_str!("../../../README.md");
    let shown = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```\n").next());
    assert_eq!(shown, Some(finch_tests::README));
    assert!(readme.lines().count() <= 60, "one screen: {} lines", readme.lines().count());
}
