//! What the examples of methods have in common.

/// An example that is compiled and not run: `finch`, the scopes `acme` and `operator`, and a connection's `id` are
/// there.
macro_rules! example {
    ($($line:literal),+ $(,)?) => {
        concat!(
            "\n```no_run\n# use finch_app::*;\n",
            "# async fn example(finch: &Finch, acme: &CustomerScope, operator: &OperatorScope, id: ConnectionId)\n",
            "# -> Result<(), Box<dyn std::error::Error>> {\n",
            $($line, "\n",)+
            "# Ok(())\n# }\n```\n",
        )
    };
}
