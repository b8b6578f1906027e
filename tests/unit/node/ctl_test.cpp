// troupectl's own parts: formats, where it finds its node, usage errors, completion.
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "node/ctl/command_line.hpp"
#include "node/ctl/completion.hpp"
#include "node/ctl/context.hpp"
#include "node/ctl/output.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::ctl;
namespace fs = std::filesystem;

namespace {

struct outcome {
  int code;
  std::string out, err;
};

outcome run_with(std::vector<std::string> arguments, node::environment env = {{"HOME", "/nowhere"}}) {
  std::ostringstream out, err;
  int code = run(arguments, env, {out, err, node::terminal::no});
  return {code, out.str(), err.str()};
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("ctl output: a table lines up its columns and shows a gap as a dash") {
  auto rows = boost::json::parse(R"([{"id":"é","n":{"x":10}},{"id":"long name","n":{"x":null}}])");
  CHECK(table_of(rows, {{"ID", "id"}, {"X", "n.x"}}, colours::off) ==
        "ID         X\n"
        "é          10\n"
        "long name  -\n");
}

TEST_CASE("ctl output: a name that a client chose cannot steer the terminal") {
  auto rows = boost::json::parse(R"([{"id":"a\u001b[31m\nb"}])");
  CHECK(table_of(rows, {{"ID", "id"}}, colours::off) == "ID\na?[31m?b\n");
}

TEST_CASE("ctl output: colours are there only when asked for") {
  auto rows = boost::json::parse(R"([{"s":"active"}])");
  CHECK(contains(table_of(rows, {{"S", "s"}}, colours::on), "\x1b[32mactive\x1b[0m"));
  CHECK(!contains(table_of(rows, {{"S", "s"}}, colours::off), "\x1b"));
}

TEST_CASE("ctl output: YAML quotes what would come back as another type") {
  auto v = boost::json::parse(
      R"({"a":"true","b":"12","c":"plain","d":"","e":["x: y","# no"],"f":null,"g":1.5,"h":{},"i":[],"on":true,"j":"-"})");
  CHECK(yaml_of(v) ==
        "a: \"true\"\nb: \"12\"\nc: plain\nd: \"\"\ne:\n  - \"x: y\"\n  - \"# no\"\nf: ~\ng: 1.5E0\nh: "
        "{}\ni: []\n"
        "\"on\": true\nj: \"-\"\n");
}

TEST_CASE("ctl output: pretty JSON is the same value") {
  auto v = boost::json::parse(R"({"a":[1,2,{"b":"\"q\""}],"c":{},"d":[]})");
  CHECK(boost::json::parse(pretty_json(v)) == v);
}

TEST_CASE("ctl: wrong usage ends with 2 and names the nearest right word") {
  auto typo = run_with({"agnts", "list"});
  CHECK(typo.code == 2);
  CHECK(contains(typo.err, "did you mean agents?"));
  for (auto& arguments : std::vector<std::vector<std::string>>{{"dance"},
                                                               {"agents"},
                                                               {"agents", "show"},
                                                               {"-o", "xml", "status"},
                                                               {"keys", "create", "x", "--role", "emperor"},
                                                               {}})
    CHECK(run_with(arguments).code == 2);
}

TEST_CASE("ctl: an error comes in the format that was asked for, wherever the flag stands") {
  for (auto& arguments : std::vector<std::vector<std::string>>{
           {"-o", "json", "dance"}, {"dance", "-ojson"}, {"dance", "--output=json"}}) {
    auto r = run_with(arguments);
    CHECK(boost::json::parse(r.err).at("error").at("code") == "invalid_argument");
    CHECK(r.out.empty());
  }
}

TEST_CASE("ctl: help has examples and names the full command") {
  auto help = run_with({"agents", "list", "--help"});
  CHECK(help.code == 0);
  CHECK(contains(help.out, "troupectl agents list"));
  CHECK(contains(run_with({"--help"}).out, "Examples:"));
}

TEST_CASE("ctl: no node on the data directory means unreachable") {
  test::temporary_folder folder;
  auto r = run_with({"--data-dir", folder.path().string(), "status"});
  CHECK(r.code == 3);
  CHECK(contains(r.err, "run/admin.json"));
}

TEST_CASE("ctl context: flags win over the environment, which wins over the current context") {
  test::temporary_folder home;
  write(home.path() / "config/troupe/config.toml",
        "current = \"far\"\n[contexts.far]\nendpoint = \"10.0.0.1:7401\"\npki_dir = \"/far\"\n"
        "[contexts.near]\nendpoint = \"10.0.0.2:7401\"\npki_dir = \"/near\"\n");
  write(home.path() / "data/run/admin.json", R"({"address":"127.0.0.1:9","node":"n","pid":1})");
  node::environment env{{"XDG_CONFIG_HOME", (home.path() / "config").string()},
                        {"HOME", home.path().string()}};
  auto host = [&](const wishes& w) { return find_target(w, env).value().endpoint.text(); };
  CHECK(host({}) == "10.0.0.1:7401");
  CHECK(host({.endpoint = {}, .pki_dir = {}, .data_dir = {}, .context = "near"}) == "10.0.0.2:7401");
  env["TROUPE_DATA_DIR"] = (home.path() / "data").string();
  CHECK(host({}) == "127.0.0.1:9");
  CHECK(find_target({}, env).value().pki_dir == home.path() / "data" / "pki");
  env["TROUPE_ENDPOINT"] = "10.0.0.3:1";
  CHECK(host({}) == "10.0.0.3:1");
  CHECK(host({.endpoint = "10.0.0.4:1", .pki_dir = {}, .data_dir = {}, .context = {}}) == "10.0.0.4:1");
  auto unknown = find_target({.endpoint = {}, .pki_dir = {}, .data_dir = {}, .context = "neer"},
                             {{"HOME", "/nowhere"}, {"XDG_CONFIG_HOME", env["XDG_CONFIG_HOME"]}});
  REQUIRE(!unknown);
  CHECK(contains(unknown.error().detail, "did you mean near?"));
}

TEST_CASE("ctl completion: bash offers what may follow") {
  test::temporary_folder folder;
  write(folder.path() / "c", run_with({"completion", "bash"}).out);
  auto offered = [&](const std::string& line) {
    auto command = "bash -c 'source " + (folder.path() / "c").string() + "; COMP_WORDS=(" + line +
                   "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _troupectl; echo \"${COMPREPLY[*]}\"'";
    std::string out;
    FILE* pipe = ::popen(command.c_str(), "r");
    char text[512];
    while (std::fgets(text, sizeof text, pipe)) out += text;
    ::pclose(pipe);
    return out;
  };
  CHECK(offered("troupectl sta") == "status\n");
  CHECK(offered("troupectl agents l") == "list\n");
  CHECK(offered("troupectl -o json keys re") == "revoke\n");
  CHECK(offered("troupectl agents list --te") == "--team\n");
  for (auto shell : {"zsh", "fish"}) CHECK(contains(run_with({"completion", shell}).out, "troupectl"));
}
