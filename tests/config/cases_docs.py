"""What the pages tell a reader to type or to look at: commands, their options, keys, other pages."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = [p for folder in ("", "docs", "deploy", "src", "tests", "CHANGELOG.d") for p in sorted((ROOT / folder).glob("**/*.md" if folder else "*.md"))]
# Keys that are no setting of a server: values of the chart, the environment, attributes of topics and groups, other programs'.
OTHER_KEYS = re.compile(r"^([A-Z_0-9]+|ROCKETMQ_CONF_\w+|(broker|nameserver|acl|tls|monitoring|image)\.\w.*|replicas|mode|networkPolicy\w*|tls\..*|com\.rocketmq\..*|consume\.from\.where|accessKey|acks|-D.*)$")


def text(page):
    return page.read_text()


def anchors(page):
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)", text(page), re.M)}


def test_links_lead_somewhere(_):
    assert len(PAGES) > 40
    for page in PAGES:
        for path, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", text(page)):
            target = page.parent / path if path else page
            assert target.exists(), f"{page}: {path} is not there"
            assert not anchor or anchor in anchors(target), f"{page}: {path} has no heading {anchor}"


def code(page):
    """Blocks of commands and what stands between backticks."""
    return re.findall(r"^(?: {4}|\t)(.*)", text(page), re.M) + re.findall(r"`([^`\n]+)`", text(page))


def test_commands_and_their_options_exist(binaries):
    def said(*words):
        return subprocess.run([binaries / "mqadmin", *words], capture_output=True, text=True, timeout=20).stdout
    known, seen = set(re.findall(r"^   (\w+)", said(), re.M)) | {"help", "completion"}, set()
    for page in PAGES:
        for line in code(page):
            for command, words in re.findall(r"\bmqadmin +(\w+)([^|#]*)", line):
                if not re.match(r"^[a-z]", command):
                    continue
                assert command in known, f"{page}: mqadmin {command}"
                usage = said("help", command)
                for option in re.findall(r"(?<![\w-])--?[a-zA-Z]\w*", words):
                    assert option == "--json" or re.search(rf"(?<![\w-]){option}\b", usage), f"{page}: mqadmin {command} {option}"
                assert not re.search(r"-n [^\s\"']*;", words), f"{page}: a shell ends the command at the semicolon of {words}"
                seen.add(command)
    assert len(seen) > 10, seen


def test_keys_are_those_of_the_reference(_):
    keys = set(re.findall(r"^\| ([\w.]+) \|", text(ROOT / "docs/reference/config.md"), re.M))
    assert len(keys) > 400
    seen = set()
    for page in [p for p in PAGES if p.is_relative_to(ROOT / "docs") or p.parent == ROOT]:
        for line in code(page):
            for key in re.findall(r"(?:^|(?<=[\s`]))([a-zA-Z][\w.-]*)=", line):
                assert key in keys or OTHER_KEYS.match(key), f"{page}: {key} in {line}"
                seen.add(key)
    assert len(seen & keys) > 10, seen
