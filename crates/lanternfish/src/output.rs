//! What a verb prints: one JSON value a line on standard output, or lines for a person; messages
//! always on standard error. Exit codes: 0 done, 1 refused by a law, 2 bad input, 3 environment.

use desk::DeskError;
use serde::Serialize;
use serde_json::Value;

/// How a verb speaks.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    /// One JSON value a line.
    pub json: bool,
}

impl Voice {
    /// Prints one value: as a JSON line, or as `name: value` lines.
    pub fn say(self, value: &impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        if self.json {
            println!("{value}");
            return;
        }
        print_lines(&value, 0);
    }

    /// Prints each value of a list, or a sentence when there is none.
    pub fn say_all<T: Serialize>(self, values: &[T], nothing: &str) {
        for value in values {
            self.say(value);
            if !self.json {
                println!();
            }
        }
        if values.is_empty() {
            eprintln!("{nothing}");
        }
    }

    /// A message for the person; never on standard output.
    pub fn note(self, text: impl std::fmt::Display) {
        eprintln!("{text}");
    }
}

fn print_lines(value: &Value, depth: usize) {
    let margin = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !is_empty(value)) {
                match value {
                    Value::Object(_) | Value::Array(_) if !is_flat(value) => {
                        println!("{margin}{name}:");
                        print_lines(value, depth + 1);
                    }
                    value => println!("{margin}{name}: {}", inline(value)),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Object(_) => {
                        println!("{margin}-");
                        print_lines(item, depth + 1);
                    }
                    item => println!("{margin}- {}", inline(item)),
                }
            }
        }
        value => println!("{margin}{}", inline(value)),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn is_flat(value: &Value) -> bool {
    matches!(value, Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()))
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(inline).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Prints an error and gives the exit code.
pub fn failed(error: &DeskError, json: bool) -> i32 {
    if json {
        let line = serde_json::json!({"error": error.to_string(), "law": error.law().map(|law| law.number()), "exit": error.exit_code()});
        println!("{line}");
    }
    eprintln!("lanternfish: {error}");
    i32::from(error.exit_code())
}
