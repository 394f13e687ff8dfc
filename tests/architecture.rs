//! The structure of the sources: imports point downward only, no module imports itself in a circle, and each platform
//! crate is named by the one module that owns it. Read from the text of `src`, so that it holds for every platform.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The layers from top to bottom. A module imports from its own layer and from those below it.
const LAYERS: [&[&str]; 14] = [
    &["cli"],
    &["app"],
    &["tray"],
    &["output"],
    &["presenter"],
    &["engine"],
    &["sources"],
    &["credentials"],
    &["providers"],
    &["hooks", "autostart"],
    &["config"],
    &["platform"],
    &["quota"],
    &["text"],
];

/// Imports that point downward and are still forbidden: (layer, what it must not import).
const FORBIDDEN: [(&str, &[&str]); 2] = [
    // Pure: no clock, environment, disk or network.
    ("presenter", &["engine", "sources", "credentials", "providers", "hooks", "autostart", "platform"]),
    ("output", &["engine", "sources", "credentials", "providers", "hooks", "autostart"]),
];

/// Crate → the modules that may name it.
const OWNERS: [(&str, &[&str]); 6] = [
    ("tray_icon", &["tray::backend::tray_icon"]),
    ("ksni", &[]),
    ("zbus", &["tray::backend::status_notifier", "tray::notify"]),
    ("tao", &["tray::event_loop::tao"]),
    ("notify_rust", &["tray::notify::native"]),
    ("reqwest", &["providers::http"]),
];

/// A source file: its module path, and the text without comments and string literals.
struct Module {
    path: String,
    code: String,
}

#[test]
fn imports_point_downward() {
    let modules = modules();
    let mut upward = Vec::new();
    for (from, to) in imports(&modules) {
        let (from_layer, to_layer) = (layer(&from), layer(&to));
        let is_forbidden =
            FORBIDDEN.iter().any(|(layer, targets)| *layer == from_layer && targets.contains(&to_layer));
        if rank(to_layer) < rank(from_layer)
            || is_forbidden
            || (rank(to_layer) == rank(from_layer) && to_layer != from_layer)
        {
            upward.push(format!("{from} imports {to}"));
        }
    }
    assert!(upward.is_empty(), "imports that point upward:\n{}", upward.join("\n"));
}

#[test]
fn modules_have_no_import_cycle() {
    let modules = modules();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in imports(&modules) {
        graph.entry(from).or_default().insert(to);
    }
    let cycles = cycles(&graph);
    assert!(cycles.is_empty(), "modules that import each other:\n{}", cycles.join("\n"));
}

#[test]
fn platform_crates_are_named_by_their_owners_only() {
    let mut strangers = Vec::new();
    for module in modules() {
        for (name, owners) in OWNERS {
            let is_owner = owners.iter().any(|owner| is_within(&module.path, owner));
            if names_crate(&module.code, name) && !is_owner {
                strangers.push(format!("{} names {name}, which {} owns", module.path, owners.join(", ")));
            }
        }
    }
    assert!(strangers.is_empty(), "{}", strangers.join("\n"));
}

/// The checks themselves: each finds what it is for.
#[test]
fn checks_find_what_they_are_for() {
    let module = |path: &str, text: &str| Module { path: path.into(), code: code_of(text) };
    let modules = [
        module("quota", "pub mod window;\npub use window::{Window, Other};"),
        module(
            "quota::window",
            "// crate::cli\nconst A: &str = \"crate::cli\";\nuse crate::engine::{self, run::X};",
        ),
        module("engine", ""),
        module("engine::run", "fn f() { super::super::quota::Window::g() }\nmod tests { use super::*; }"),
        module("sources", "fn f() { child::g() }"),
        module("sources::child", "use super::Source;"),
    ];
    let found: Vec<_> = imports(&modules).into_iter().collect();
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(
        found,
        [
            pair("engine::run", "quota::window"),
            pair("quota::window", "engine"),
            pair("quota::window", "engine::run"),
            pair("sources", "sources::child"),
            pair("sources::child", "sources"),
        ]
    );
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    found.into_iter().for_each(|(from, to)| _ = graph.entry(from).or_default().insert(to));
    assert_eq!(
        cycles(&graph),
        ["engine::run → quota::window → engine::run", "sources → sources::child → sources"]
    );
    assert!(names_crate("use tao::event::Event;", "tao") && names_crate("fn f(x: tao::X)", "tao"));
    assert!(!names_crate("use self::tao::EventLoop; mod tao;", "tao"));
    assert!(
        is_within("tray::backend::ksni", "tray::backend") && !is_within("tray::backend2", "tray::backend")
    );
}

fn layer(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

fn rank(layer: &str) -> usize {
    LAYERS.iter().position(|names| names.contains(&layer)).unwrap_or_else(|| panic!("{layer} is in no layer"))
}

fn is_within(module: &str, owner: &str) -> bool {
    module.strip_prefix(owner).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every module but the roots, which wire all of them together.
fn modules() -> Vec<Module> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    list(&root, &mut files);
    let module = |file: PathBuf| {
        let relative = file.strip_prefix(&root).expect("below src").with_extension("");
        let mut path: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        path.pop_if(|last| last == "mod");
        let text = std::fs::read_to_string(&file).expect("a source file is UTF-8");
        Module { path: path.join("::"), code: code_of(&text) }
    };
    let modules: Vec<_> =
        files.into_iter().map(module).filter(|module| !["lib", "main"].contains(&&*module.path)).collect();
    assert!(modules.len() > 50, "the sources were not found in {}", root.display());
    modules
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("src can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The text without comments and string literals, whose words are no imports.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        let skipped = if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with("/*") {
            from.find("*/").map_or(from.len(), |end| end + 2)
        } else if from.starts_with("'\"'") {
            3
        } else if from.starts_with('"') {
            end_of_string(from, before)
        } else {
            code.push_str(&from[..1]);
            1
        };
        rest = &from[skipped..];
    }
    code + rest
}

/// The length of the string literal that `text` begins with; `before` ends with its prefix, such as `r#`.
fn end_of_string(text: &str, before: &str) -> usize {
    let hashes = before.len() - before.trim_end_matches('#').len();
    let is_raw = before[..before.len() - hashes].ends_with('r');
    if is_raw {
        let end = format!("\"{}", "#".repeat(hashes));
        return text[1..].find(&end).map_or(text.len(), |at| at + 1 + end.len());
    }
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Which module imports which, both as paths of existing modules. What a module republishes of its children (`pub use
/// child::Item`) counts as an import of the child by whoever uses it, not as one of the module itself.
fn imports(modules: &[Module]) -> BTreeSet<(String, String)> {
    let names: BTreeSet<_> = modules.iter().map(|module| module.path.as_str()).collect();
    let mut reexports = BTreeMap::new();
    for module in modules {
        for statement in module.code.split(';').filter_map(|text| text.trim_start().rsplit_once("pub use ")) {
            let mut paths = Vec::new();
            expand(String::new(), statement.1, &mut paths);
            for path in paths {
                let item = path.rsplit("::").next().unwrap_or(&path);
                reexports.insert(format!("{}::{item}", module.path), format!("{}::{path}", module.path));
            }
        }
    }
    let mut found = BTreeSet::new();
    for module in modules {
        for path in paths(module, &names) {
            let path = reexports
                .iter()
                .find_map(|(from, to)| {
                    path.strip_prefix(from.as_str())
                        .filter(|rest| rest.is_empty() || rest.starts_with("::"))
                        .map(|_| to.clone())
                })
                .unwrap_or(path);
            if let Some(target) = longest_module(&path, &names).filter(|target| *target != module.path) {
                found.insert((module.path.clone(), target.to_owned()));
            }
        }
    }
    found
}

/// The longest beginning of `path` that is a module.
fn longest_module<'a>(path: &str, modules: &BTreeSet<&'a str>) -> Option<&'a str> {
    let mut end = path.len();
    loop {
        if let Some(module) = modules.get(&path[..end]) {
            return Some(module);
        }
        end = path[..end].rfind("::")?;
    }
}

/// All paths in a module that begin with `crate`, `super`, `self` or the name of a child module, from the root of the
/// crate, braces expanded. Statements that only republish (`pub use`) are left out.
fn paths(module: &Module, names: &BTreeSet<&str>) -> Vec<String> {
    let code = module.code.as_str();
    let inline = inline_modules(code);
    let mut found = Vec::new();
    for (at, _) in code.match_indices(|letter: char| letter.is_alphabetic()) {
        let before = &code[..at];
        let is_start = !before.ends_with(|letter: char| {
            letter.is_alphanumeric() || letter == '_' || letter == ':' || letter == '.'
        });
        if !is_start || before.ends_with("pub use ") {
            continue;
        }
        let word: String =
            code[at..].chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        let is_child =
            code[at + word.len()..].starts_with("::") && names.contains(&*format!("{}::{word}", module.path));
        if !is_child && !["crate", "super", "self"].contains(&word.as_str()) {
            continue;
        }
        let mut base: Vec<_> = module.path.split("::").collect();
        if !is_child {
            // One `super` more is needed to leave the file.
            base.extend(inline.iter().filter(|range| range.contains(&at)).map(|_| "inline"));
        }
        let mut expanded = Vec::new();
        expand(String::new(), &code[at..], &mut expanded);
        found.extend(expanded.iter().filter_map(|path| from_root(path, base.clone())));
    }
    found
}

/// Where the bodies of inline modules (`mod tests { … }`) are.
fn inline_modules(code: &str) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    for (at, _) in code.match_indices("mod ") {
        let header: String =
            code[at + 4..].chars().take_while(|letter| *letter != '{' && *letter != ';').collect();
        let start = at + 4 + header.len();
        if !code[start..].starts_with('{') || header.trim().contains(' ') {
            continue;
        }
        let mut depth = 0;
        let end = code[start..].char_indices().find(|(_, letter)| {
            depth += i32::from(*letter == '{') - i32::from(*letter == '}');
            depth == 0
        });
        ranges.push(start..end.map_or(code.len(), |(end, _)| start + end));
    }
    ranges
}

/// Expands the use tree at the start of `text` onto `prefix`; returns its length.
fn expand(prefix: String, text: &str, found: &mut Vec<String>) -> usize {
    let mut at = 0;
    let mut path = prefix;
    loop {
        let word: usize =
            text[at..].find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(0);
        path.push_str(&text[at..at + word]);
        at += word;
        if !text[at..].starts_with("::") {
            found.push(path);
            return at;
        }
        path.push_str("::");
        at += 2;
        if text[at..].starts_with('{') {
            at += 1;
            while !text[at..].starts_with('}') && at < text.len() {
                let start = at + (text[at..].len() - text[at..].trim_start_matches([',', ' ', '\n']).len());
                if text[start..].starts_with('}') {
                    at = start;
                    break;
                }
                at = start + expand(path.clone(), &text[start..], found).max(1);
                let end = text[at..].find([',', '}']).map_or(text.len(), |end| at + end);
                at = end;
            }
            return at + 1;
        }
    }
}

/// `path`, which stands in the module `base`, from the root of the crate.
fn from_root<'a>(path: &'a str, mut base: Vec<&'a str>) -> Option<String> {
    let mut parts: Vec<_> = path.split("::").filter(|part| !part.is_empty()).collect();
    match *parts.first()? {
        "crate" => return Some(parts[1..].join("::")),
        "self" => _ = parts.remove(0),
        _ => {}
    }
    while parts.first() == Some(&"super") {
        parts.remove(0);
        base.pop()?;
    }
    base.extend(parts.into_iter().filter(|part| *part != "self"));
    base.retain(|part| *part != "inline");
    Some(base.join("::"))
}

fn names_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    code.match_indices(&path).any(|(at, _)| {
        !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':')
    })
}

/// One line for each cycle found, by depth-first search.
fn cycles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut found = Vec::new();
    let mut done = BTreeSet::new();
    for start in graph.keys() {
        search(graph, start, &mut Vec::new(), &mut done, &mut found);
    }
    found
}

fn search<'a>(
    graph: &'a BTreeMap<String, BTreeSet<String>>,
    module: &'a str,
    trail: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    found: &mut Vec<String>,
) {
    if let Some(at) = trail.iter().position(|seen| *seen == module) {
        found.push(format!("{} → {module}", trail[at..].join(" → ")));
        return;
    }
    if done.contains(module) {
        return;
    }
    trail.push(module);
    for next in graph.get(module).into_iter().flatten() {
        search(graph, next, trail, done, found);
    }
    trail.pop();
    done.insert(module);
}
