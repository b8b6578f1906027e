// How settings are read: which source wins, what is refused, and that docs/settings.md says what the table says.
#include "node/config.hpp"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::node;

namespace {

struct reading {
  test::temporary_folder folder;
  environment env{{"TROUPE_DATA_DIR", folder.path().string()}};

  void file(std::string_view text) { std::ofstream(folder.path() / "troupe.toml") << text; }
  result<start> read(std::vector<std::string> arguments = {}) {
    return read_config(arguments, env, terminal::no);
  }
  std::string refusal(std::vector<std::string> arguments = {}) {
    auto r = read(std::move(arguments));
    return r ? "accepted" : r.error().detail;
  }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("config: without any source every setting has its default") {
  reading r;
  auto c = r.read().value().settings;
  CHECK(c.http_listen == listen_address{"127.0.0.1", 8080});
  CHECK(c.otlp_listen == listen_address{"127.0.0.1", 4318});
  CHECK(c.ops_listen == listen_address{"127.0.0.1", 9464});
  CHECK(c.admin_listen == listen_address{"127.0.0.1", 7401});
  CHECK(c.shards == 16);
  CHECK(c.logs == log_format::json);
  CHECK(c.settings.size() == all_settings().size());
}

TEST_CASE("config: a flag beats the environment, which beats the file, which beats the default") {
  reading r;
  r.file("http_listen = \"127.0.0.1:1\"\notlp_listen = \"127.0.0.1:2\"\nops_listen = \"off\"\n");
  r.env["TROUPE_HTTP_LISTEN"] = "127.0.0.1:3";
  r.env["TROUPE_OTLP_LISTEN"] = "127.0.0.1:4";
  auto c = r.read({"--http-listen", "127.0.0.1:5"}).value().settings;
  CHECK(c.http_listen.port == 5);
  CHECK(c.otlp_listen->port == 4);
  CHECK(!c.ops_listen);
  CHECK(c.admin_listen->port == 7401);
  auto printed = print_config(c);
  CHECK(contains(printed, "# flag"));
  CHECK(contains(printed, "# environment"));
  CHECK(contains(printed, "# file"));
  CHECK(contains(printed, "# default"));
}

TEST_CASE("config: a flag may be written with an equals sign") {
  reading r;
  CHECK(r.read({"--http-listen=127.0.0.1:0"}).value().settings.http_listen.port == 0);
}

TEST_CASE("config: a node in a cluster says where the others reach it") {
  reading r;
  CHECK(!r.read().value().settings.cluster_listen);
  CHECK(contains(r.refusal({"--cluster-listen", "0.0.0.0:7400"}), "cluster_advertise"));
  CHECK(contains(r.refusal({"--cluster-listen", "[::]:7400"}), "cluster_advertise"));
  CHECK(contains(r.refusal({"--cluster-advertise", "somewhere"}), "is not host:port"));
  CHECK(contains(r.refusal({"--cluster-advertise", "a:0"}), "the real port"));
  CHECK(contains(r.refusal({"--join", "b.invitation"}), "needs cluster_listen"));
  auto c = r.read({"--cluster-listen", "0.0.0.0:7400", "--cluster-advertise", "b.example.org:7400", "--zone",
                   "left", "--node-name", "b", "--join", "b.invitation"})
               .value()
               .settings;
  CHECK(c.cluster_listen->port == 7400);
  CHECK(c.cluster_advertise == listen_address{"b.example.org", 7400});
  CHECK(c.node_name == "b");
  CHECK(c.zone == "left");
  CHECK(c.join == "b.invitation");
}

TEST_CASE("config: an unknown name is refused and the nearest right one is named") {
  reading r;
  CHECK(contains(r.refusal({"--htp-listen", "x"}), "did you mean --http-listen?"));
  CHECK(contains(r.refusal({"serve"}), "unexpected argument serve"));
  r.env["TROUPE_HTTP_LSITEN"] = "x";
  CHECK(contains(r.refusal(), "did you mean TROUPE_HTTP_LISTEN?"));
  r.env.erase("TROUPE_HTTP_LSITEN");
  r.file("shards = 16\n\nlog_formt = \"json\"\n");
  auto text = r.refusal();
  CHECK(contains(text, "troupe.toml:3"));
  CHECK(contains(text, "did you mean log_format?"));
}

TEST_CASE("config: what belongs to troupectl or to ./dev is not taken for a misspelt setting") {
  reading r;
  r.env["TROUPE_PRESET"] = "asan";
  r.env["TROUPE_CONTEXT"] = "here";
  CHECK(r.refusal() == "accepted");
}

TEST_CASE("config: a wrong value is refused with the place it came from") {
  reading r;
  CHECK(contains(r.refusal({"--shards", "1"}), "--shards: 1 is not between 2 and 1024"));
  CHECK(contains(r.refusal({"--log-format", "xml"}), "auto|human|json"));
  CHECK(contains(r.refusal({"--http-listen", "off"}), "--http-listen"));
  r.env["TROUPE_IO_THREADS"] = "many";
  CHECK(contains(r.refusal(), "TROUPE_IO_THREADS"));
  r.env.erase("TROUPE_IO_THREADS");
  r.file("shards = true\n");
  CHECK(contains(r.refusal(), "troupe.toml:1: shards"));
  r.file("shards = [\n");
  CHECK(contains(r.refusal(), "troupe.toml:"));
}

TEST_CASE("config: listening beyond loopback needs insecure_listen") {
  reading r;
  CHECK(contains(r.refusal({"--http-listen", "0.0.0.0:8080"}), "insecure_listen"));
  CHECK(contains(r.refusal({"--ops-listen", "[::]:9464"}), "insecure_listen"));
  CHECK(r.refusal({"--http-listen", "0.0.0.0:8080", "--insecure-listen", "true"}) == "accepted");
  CHECK(r.refusal({"--http-listen", "[::1]:8080"}) == "accepted");
}

TEST_CASE("config: the admin key has at least 32 characters and is never printed") {
  reading r;
  r.env["TROUPE_ADMIN_KEY"] = "short";
  CHECK(contains(r.refusal(), "needs 32"));
  std::string key = "0123456789abcdef0123456789abcdef";
  r.env["TROUPE_ADMIN_KEY"] = key;
  auto c = r.read().value().settings;
  CHECK(c.admin_key == key);
  CHECK(!contains(print_config(c), key));
  CHECK(contains(print_config(c), "********"));
}

TEST_CASE("config: a list is an array in TOML and comma-separated elsewhere") {
  reading r;
  r.file("cors_origins = [\"https://a.example\", \"https://b.example\"]\n");
  CHECK(r.read().value().settings.cors_origins.size() == 2);
  auto c = r.read({"--cors-origins", "https://c.example, https://d.example,"}).value().settings;
  CHECK(c.cors_origins == std::vector<std::string>{"https://c.example", "https://d.example"});
}

TEST_CASE("config: --config names the file, and one that is missing is an error") {
  reading r;
  auto other = r.folder.path() / "other.toml";
  std::ofstream(other) << "http_listen = \"127.0.0.1:7\"\n";
  CHECK(r.read({"--config", other.string()}).value().settings.http_listen.port == 7);
  CHECK(contains(r.refusal({"--config", "/nowhere/troupe.toml"}), "/nowhere/troupe.toml"));
}

TEST_CASE("config: what --print-config prints is read back as the same settings") {
  reading r;
  auto c = r.read({"--http-listen", "127.0.0.1:5", "--cors-origins", "https://a.example"}).value().settings;
  r.file(print_config(c));
  auto again = r.read().value().settings;
  CHECK(again.http_listen == c.http_listen);
  CHECK(again.cors_origins == c.cors_origins);
}

TEST_CASE("config: the data directory's default follows XDG") {
  environment env{{"HOME", "/nowhere/ann"}};
  auto with = [&] { return read_config({}, env, terminal::no).value().settings.data_dir; };
  CHECK(with() == "/nowhere/ann/.local/share/troupe");
  env["XDG_DATA_HOME"] = "/nowhere/data";
  CHECK(with() == "/nowhere/data/troupe");
}

TEST_CASE("config: help names every flag with its default") {
  reading r;
  auto help = r.read({"--help"}).value();
  CHECK(help.wish == command_line_wish::help);
  for (const auto& s : all_settings()) CHECK(contains(help.text, flag_of(s)));
}

TEST_CASE("config: addresses are parsed with IPv6 in brackets") {
  CHECK(parse_listen_address("[::1]:80").value() == listen_address{"::1", 80});
  CHECK(parse_listen_address("[::1]:80").value().text() == "[::1]:80");
  for (auto wrong :
       {"", "localhost", ":80", "::1:80", "[::1]", "[x]:1", "h:65536", "h:-1", "h:8x", "h:", "a b:1"})
    CHECK(!parse_listen_address(wrong));
  CHECK(parse_listen_address("127.9.9.9:1").value().is_loopback());
  CHECK(!parse_listen_address("10.0.0.1:1").value().is_loopback());
  CHECK(!parse_listen_address("127.example.org:1").value().is_loopback());
}

TEST_CASE("config: the page docs/settings.md is what the table says") {
  auto page = std::filesystem::path(TROUPE_SOURCE_DIR) / "docs/settings.md";
  if (std::getenv("TROUPE_TEST_WRITE_DOCS")) std::ofstream(page) << settings_markdown();
  std::ifstream in(page);
  std::stringstream text;
  text << in.rdbuf();
  INFO("write it: TROUPE_TEST_WRITE_DOCS=1 build/release/bin/unit_tests \"config: the page*\"");
  CHECK(text.str() == settings_markdown());
}
