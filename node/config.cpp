#include "node/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <CLI/CLI.hpp>
#include <fstream>
#include <thread>

#include "node/nearest.hpp"
#include "node/toml_file.hpp"
#include "node/version.hpp"

namespace troupe::node {
namespace fs = std::filesystem;
namespace {

failure wrong(std::string detail) { return {.code = errc::invalid_argument, .detail = std::move(detail)}; }

// Variables of troupectl and of ./dev, which a node started by them inherits.
constexpr std::array not_ours{"TROUPE_CONTEXT", "TROUPE_ENDPOINT", "TROUPE_PKI_DIR",   "TROUPE_OUTPUT",
                              "TROUPE_PRESET",  "TROUPE_JOBS",     "TROUPE_SKIP_SETUP"};

struct layers {
  environment flags, variables, file;  // by name of the setting
};

result<bool> read_environment(const environment& env, layers& out) {
  std::vector<std::string> known;
  for (const auto& s : all_settings()) known.push_back(environment_of(s));
  for (const auto& [name, value] : env) {
    if (!name.starts_with("TROUPE_") || name.starts_with("TROUPE_TEST_")) continue;
    if (std::find(not_ours.begin(), not_ours.end(), name) != not_ours.end()) continue;
    auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      return wrong("environment: " + name + " is no setting" + did_you_mean(name, known));
    if (!value.empty()) out.variables[std::string(all_settings()[found - known.begin()].name)] = value;
  }
  return true;
}

std::string first_of(const layers& l, const std::string& name) {
  for (auto* layer : {&l.flags, &l.variables, &l.file})
    if (auto found = layer->find(name); found != layer->end()) return found->second;
  return {};
}

std::string data_dir_default(const environment& env) {
  auto value = [&](const char* name) {
    auto found = env.find(name);
    return found == env.end() ? std::string() : found->second;
  };
  // The XDG specification says to ignore relative paths.
  if (auto data = value("XDG_DATA_HOME"); data.starts_with('/')) return data + "/troupe";
  if (auto home = value("HOME"); home.starts_with('/') && home != "/") return home + "/.local/share/troupe";
  return ".troupe-data";
}

// Which file, and its keys.
result<fs::path> read_file_layer(const environment& env, layers& out) {
  std::error_code error;
  fs::path file = first_of(out, "config");
  bool named = !file.empty();
  auto data_dir = first_of(out, "data_dir");
  if (data_dir.empty()) data_dir = data_dir_default(env);
  if (!named) file = fs::path(data_dir) / "troupe.toml";
  if (!named && !fs::exists(file, error)) return fs::path{};
  auto read = read_settings_file(file);
  if (!read) return read.error();
  out.file = std::move(*read);
  if (auto moved = out.file.find("data_dir"); !named && moved != out.file.end() && moved->second != data_dir)
    return wrong(file.string() +
                 ": data_dir in the file that is found through data_dir must not name another "
                 "directory; use --config, --data-dir or TROUPE_DATA_DIR");
  return file;
}

result<std::uint64_t> checked_number(const resolved_setting& s) {
  std::uint64_t n = 0;
  auto [end, error] = std::from_chars(s.value.data(), s.value.data() + s.value.size(), n);
  if (s.value.empty() || error != std::errc{} || end != s.value.data() + s.value.size())
    return wrong("\"" + s.value + "\" is not a whole number");
  if (n < s.of->least || n > s.of->most)
    return wrong(s.value + " is not between " + std::to_string(s.of->least) + " and " +
                 std::to_string(s.of->most));
  return n;
}

// Is the value one of the type's?
result<bool> check(const resolved_setting& s) {
  switch (s.of->type) {
    case setting_type::address:
    case setting_type::address_or_off: {
      if (s.of->type == setting_type::address_or_off && s.value == "off") return true;
      auto parsed = parse_listen_address(s.value);
      if (!parsed) return parsed.error();
      return true;
    }
    case setting_type::number: {
      auto parsed = checked_number(s);
      if (!parsed) return parsed.error();
      return true;
    }
    case setting_type::toggle:
      if (s.value != "true" && s.value != "false")
        return wrong("\"" + s.value + "\" is neither true nor false");
      return true;
    case setting_type::choice: {
      auto all = "|" + std::string(s.of->choices) + "|";
      if (s.value.empty() || s.value.find('|') != std::string::npos ||
          all.find("|" + s.value + "|") == std::string::npos)
        return wrong("\"" + s.value + "\" is none of " + std::string(s.of->choices));
      return true;
    }
    default: return true;
  }
}

std::string where_named(const resolved_setting& s, const fs::path& file) {
  switch (s.from) {
    case origin::flag: return flag_of(*s.of);
    case origin::environment: return environment_of(*s.of);
    case origin::file: return file.string() + ": " + std::string(s.of->name);
    case origin::fallback: return std::string(s.of->name);
  }
  return {};
}

resolved_setting resolve(const setting& s, const layers& l, const environment& env) {
  std::string name(s.name);
  if (auto f = l.flags.find(name); f != l.flags.end()) return {&s, f->second, origin::flag};
  if (auto v = l.variables.find(name); v != l.variables.end()) return {&s, v->second, origin::environment};
  if (auto f = l.file.find(name); f != l.file.end()) return {&s, f->second, origin::file};
  return {&s, name == "data_dir" ? data_dir_default(env) : std::string(s.fallback), origin::fallback};
}

std::vector<std::string> split_list(const std::string& value) {
  std::vector<std::string> items;
  std::size_t at = 0;
  while (at <= value.size()) {
    auto comma = std::min(value.find(',', at), value.size());
    auto item = value.substr(at, comma - at);
    auto first = item.find_first_not_of(' '), last = item.find_last_not_of(' ');
    if (first != std::string::npos) items.push_back(item.substr(first, last - first + 1));
    at = comma + 1;
  }
  return items;
}

class values {
 public:
  explicit values(const std::vector<resolved_setting>& all) : all_(all) {}
  const resolved_setting& at(std::string_view name) const {
    auto found = std::find_if(all_.begin(), all_.end(), [&](auto& s) { return s.of->name == name; });
    must(found != all_.end(), "a setting that is not in the table");
    return *found;
  }
  const std::string& text(std::string_view name) const { return at(name).value; }
  unsigned number(std::string_view name) const {
    return static_cast<unsigned>(checked_number(at(name)).value());
  }
  std::optional<listen_address> address(std::string_view name) const {
    if (text(name) == "off") return std::nullopt;
    return parse_listen_address(text(name)).value();
  }

 private:
  const std::vector<resolved_setting>& all_;
};

result<bool> check_cluster(const config& c, const values& v) {
  if (!v.text("cluster_advertise").empty() && !c.cluster_advertise)
    return wrong("cluster_advertise: " + v.text("cluster_advertise") + " is not host:port");
  if (c.cluster_advertise && c.cluster_advertise->port == 0)
    return wrong("cluster_advertise: the others need the real port, not 0");
  if (c.cluster_listen && !c.cluster_advertise && c.cluster_listen->is_any())
    return wrong(
        "cluster_listen: " + c.cluster_listen->text() +
        " is not an address that others can dial: say in cluster_advertise where they reach this node");
  if (!c.join.empty() && !c.cluster_listen)
    return wrong("join: a node that joins needs cluster_listen, for example 0.0.0.0:7400");
  for (auto name : {"node_name", "zone"})
    if (v.text(name).size() > limits::id_bytes_max) return wrong(std::string(name) + ": it is too long");
  return true;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] ? name : "node";
}

// What no single value can show to be wrong.
result<bool> check_together(const config& c, const values& v) {
  if (auto sound = check_cluster(c, v); !sound) return sound;
  if (!c.admin_key.empty() && (c.admin_key.size() < 32 || c.admin_key.size() > 256))
    return wrong("admin_key: it has " + std::to_string(c.admin_key.size()) +
                 " characters and needs 32 to 256");
  for (unsigned char x : c.admin_key)
    if (x <= ' ' || x > '~')
      return wrong("admin_key: only visible ASCII characters can travel in an Authorization header");
  if (v.text("insecure_listen") == "true") return true;
  for (auto name : {"http_listen", "otlp_listen", "ops_listen"}) {
    auto where = v.address(name);
    if (where && !where->is_loopback())
      return wrong(std::string(name) + ": " + where->text() +
                   " is reachable from other machines without TLS. Put a proxy that ends TLS in "
                   "front and set "
                   "insecure_listen to true (--insecure-listen true), or listen on 127.0.0.1");
  }
  return true;
}

http::edge_limits edge_limits_of(const values& v) {
  auto ms = [&](std::string_view name) { return std::chrono::milliseconds(v.number(name)); };
  http::edge_limits l;
  l.connections_max = v.number("connections_max");
  auto of_one = v.number("connections_per_address_max");
  l.connections_per_address_max = of_one ? of_one : l.connections_max;
  l.in_flight_bytes_max = std::size_t{v.number("http_in_flight_mb")} * 1024 * 1024;
  l.load.target_min = ms("http_queue_target_ms");
  l.head_deadline = ms("http_head_ms");
  l.body_stall_deadline = ms("http_body_stall_ms");
  l.body_deadline = 8 * l.body_stall_deadline;
  l.write_stall_deadline = ms("http_write_stall_ms");
  l.write_deadline = 4 * l.write_stall_deadline;
  l.idle_deadline = ms("http_idle_ms");
  l.socket_compression = v.text("socket_compression") == "on";
  return l;
}

result<config> interpret(std::vector<resolved_setting> all, const fs::path& file, terminal target) {
  config c;
  c.file = file;
  c.settings = std::move(all);
  for (const auto& s : c.settings) {
    auto good = check(s);
    if (!good) return wrong(where_named(s, file) + ": " + good.error().detail);
  }
  values v(c.settings);
  unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  c.data_dir = fs::absolute(v.text("data_dir")).lexically_normal();
  c.http_listen = *v.address("http_listen");
  c.otlp_listen = v.address("otlp_listen");
  c.ops_listen = v.address("ops_listen");
  c.admin_listen = v.address("admin_listen");
  c.cluster_listen = v.address("cluster_listen");
  if (auto told = parse_listen_address(v.text("cluster_advertise"))) c.cluster_advertise = *told;
  c.join = v.text("join");
  c.node_name = v.text("node_name").empty() ? host_name() : v.text("node_name");
  c.zone = v.text("zone");
  c.admin_key = v.text("admin_key");
  bool human = v.text("log_format") == "human" || (v.text("log_format") == "auto" && target == terminal::yes);
  c.logs = human ? log_format::human : log_format::json;
  c.log_level = v.text("log_level");
  c.web_root = v.text("web_root");
  c.price_table = v.text("price_table");
  c.io_threads = v.number("io_threads") ? v.number("io_threads") : cores;
  c.actor_threads = v.number("actor_threads") ? v.number("actor_threads") : std::max(2U, cores);
  c.shards = static_cast<std::uint16_t>(v.number("shards"));
  c.cors_origins = split_list(v.text("cors_origins"));
  c.drain_seconds = v.number("drain_seconds");
  c.digest_every_seconds = v.number("digest_every_seconds");
  c.edge = edge_limits_of(v);
  auto sound = check_together(c, v);
  if (!sound) return sound.error();
  return c;
}

constexpr std::string_view examples =
    "\nExamples:\n"
    "  trouped                                   on loopback, with the default data directory\n"
    "  trouped --data-dir /srv/troupe            somewhere else\n"
    "  trouped --http-listen 127.0.0.1:0         any free port; the log says which\n"
    "  TROUPE_ADMIN_KEY=... trouped              first start with a key of your own\n"
    "  trouped --print-config                    every setting and where it came from\n\n"
    "Each flag is also an environment variable (--http-listen: TROUPE_HTTP_LISTEN) and a TOML key "
    "(http_listen).\n";

struct flags_read {
  command_line_wish wish = command_line_wish::run;
  std::string text;
  environment values;
};

result<flags_read> read_flags(std::span<const std::string> arguments) {
  CLI::App app{"The node of Troupe: a control room for fleets of AI agents.", "trouped"};
  app.footer(std::string(examples));
  app.allow_extras();
  std::map<std::string, std::string> given;
  std::vector<std::string> known{"--help", "--version", "--print-config"};
  for (const auto& s : all_settings()) {
    app.add_option(flag_of(s), given[std::string(s.name)],
                   std::string(s.help) + (s.fallback.empty() ? "" : " [" + std::string(s.fallback) + "]"))
        ->type_name(std::string(type_name(s)));
    known.push_back(flag_of(s));
  }
  bool print = false, version = false;
  app.add_flag("--print-config", print, "Print every setting and where it came from, then exit");
  app.add_flag("--version", version, "Print the version, then exit");
  flags_read out;
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    out.wish = command_line_wish::help;
    out.text = app.help();
    return out;
  } catch (const CLI::ParseError& e) {
    return wrong(e.what());
  }
  if (auto extra = app.remaining(); !extra.empty()) {
    auto name = extra.front().substr(0, extra.front().find('='));
    return wrong((name.starts_with('-') ? "unknown flag " : "unexpected argument ") + name +
                 did_you_mean(name, known));
  }
  for (const auto& s : all_settings())
    if (app.count(flag_of(s)) > 0) out.values[std::string(s.name)] = given[std::string(s.name)];
  if (version) out = {command_line_wish::version, "trouped " + std::string(version_text()) + "\n", {}};
  if (print) out.wish = command_line_wish::print_config;
  return out;
}

std::string toml_text(std::string_view s) {
  std::string out = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string_view to_string(origin o) {
  switch (o) {
    case origin::fallback: return "default";
    case origin::file: return "file";
    case origin::environment: return "environment";
    case origin::flag: return "flag";
  }
  return "default";
}

std::string shown_value(const resolved_setting& s) {
  return s.of->shown == secrecy::secret && !s.value.empty() ? "********" : s.value;
}

std::string print_config(const config& c) {
  std::string out;
  for (const auto& s : c.settings) {
    bool bare = s.of->type == setting_type::number || s.of->type == setting_type::toggle;
    std::string line = std::string(s.of->name) + " = " + (bare ? s.value : toml_text(shown_value(s)));
    if (s.of->name == "config") line = "# read from: " + (c.file.empty() ? "no file" : c.file.string());
    if (line.size() < 48) line.resize(48, ' ');
    out += line + (s.of->name == "config" ? "" : "  # " + std::string(to_string(s.from))) + "\n";
  }
  return out;
}

environment process_environment() {
  environment env;
  for (char** at = environ; at && *at; ++at) {
    std::string_view entry(*at);
    auto equals = entry.find('=');
    if (equals != std::string_view::npos) env.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return env;
}

result<start> read_config(std::span<const std::string> arguments, const environment& env,
                          terminal log_target) {
  auto flags = read_flags(arguments);
  if (!flags) return flags.error();
  start out;
  out.wish = flags->wish;
  out.text = std::move(flags->text);
  if (out.wish == command_line_wish::help || out.wish == command_line_wish::version) return out;
  layers l;
  l.flags = std::move(flags->values);
  auto variables = read_environment(env, l);
  if (!variables) return variables.error();
  auto file = read_file_layer(env, l);
  if (!file) return file.error();
  std::vector<resolved_setting> all;
  for (const auto& s : all_settings()) all.push_back(resolve(s, l, env));
  auto read = interpret(std::move(all), *file, log_target);
  if (!read) return read.error();
  out.settings = std::move(*read);
  return out;
}

}  // namespace troupe::node
