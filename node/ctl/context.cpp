#include "node/ctl/context.hpp"

#include <toml++/toml.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "node/nearest.hpp"
#include "node/pki.hpp"

namespace troupe::ctl {
namespace fs = std::filesystem;
namespace {

failure wrong(std::string detail) { return {.code = errc::invalid_argument, .detail = std::move(detail)}; }

std::string variable(const node::environment& env, const char* name) {
  auto found = env.find(name);
  return found == env.end() ? std::string() : found->second;
}

fs::path under_home(const node::environment& env, const char* xdg, const char* below_home) {
  if (auto folder = variable(env, xdg); folder.starts_with('/')) return folder;
  if (auto home = variable(env, "HOME"); home.starts_with('/')) return fs::path(home) / below_home;
  return {};
}

// What a context may say.
struct place {
  std::string endpoint, pki_dir;
};

result<place> read_data_dir(const fs::path& data_dir) {
  auto file = data_dir / "run" / "admin.json";
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  if (!in)
    return failure{.code = errc::unavailable,
                   .detail = file.string() +
                             " is not there: no node with admin_listen was started on this data "
                             "directory"};
  boost::json::error_code error;
  auto parsed = boost::json::parse(text.str(), error);
  auto* address = !error && parsed.is_object() ? parsed.as_object().if_contains("address") : nullptr;
  if (!address || !address->is_string())
    return wrong(file.string() + " is damaged: restart the node to have it written again");
  return place{std::string(address->as_string().c_str()), (data_dir / "pki").string()};
}

result<place> place_of(const toml::table& context, const fs::path& file, const std::string& name) {
  auto text = [&](const char* key) {
    auto* v = context[key].as_string();
    return v ? v->get() : std::string();
  };
  for (auto&& [key, value] : context) {
    static const std::vector<std::string> known{"endpoint", "pki_dir", "data_dir"};
    std::string k(key.str());
    if (std::find(known.begin(), known.end(), k) == known.end())
      return wrong(file.string() + ": contexts." + name + "." + k + " is no key" +
                   node::did_you_mean(k, known));
  }
  place out;
  if (auto data_dir = text("data_dir"); !data_dir.empty()) {
    auto read = read_data_dir(data_dir);
    if (!read) return read.error();
    out = *read;
  }
  if (!text("endpoint").empty()) out.endpoint = text("endpoint");
  if (!text("pki_dir").empty()) out.pki_dir = text("pki_dir");
  return out;
}

// An empty 'name' means the current one; nothing then if there is none.
result<std::optional<place>> read_context(const node::environment& env, std::string name) {
  auto folder = under_home(env, "XDG_CONFIG_HOME", ".config");
  auto file = folder / "troupe" / "config.toml";
  std::error_code ignored;
  if (folder.empty() || !fs::exists(file, ignored)) {
    if (name.empty()) return std::optional<place>{};
    return wrong("there is no context \"" + name + "\": " + file.string() + " does not exist");
  }
  try {
    auto table = toml::parse_file(file.string());
    if (name.empty()) {
      if (!table["current"].is_string()) return std::optional<place>{};
      name = table["current"].as_string()->get();
    }
    if (auto* context = table["contexts"][name].as_table()) {
      auto read = place_of(*context, file, name);
      if (!read) return read.error();
      return std::optional<place>{*read};
    }
    std::vector<std::string> known;
    if (auto* all = table["contexts"].as_table())
      for (auto&& [key, value] : *all) known.emplace_back(key.str());
    return wrong(file.string() + ": there is no context \"" + name + "\"" + node::did_you_mean(name, known));
  } catch (const toml::parse_error& e) {
    return wrong(file.string() + ":" + std::to_string(e.source().begin.line) + ": " +
                 std::string(e.description()));
  }
}

fs::path default_data_dir(const node::environment& env) {
  std::error_code ignored;
  if (fs::exists(".troupe-data/run/admin.json", ignored)) return ".troupe-data";
  auto base = under_home(env, "XDG_DATA_HOME", ".local/share");
  auto own = base.empty() ? fs::path(".troupe-data") : base / "troupe";
  // Nobody's own node: the one of the Debian package, for those who may read there.
  const fs::path packaged = "/var/lib/troupe";
  bool only_packaged = !fs::exists(own / "run" / "admin.json", ignored) &&
                       fs::exists(packaged / "run" / "admin.json", ignored);
  return only_packaged ? packaged : own;
}

result<place> find_place(const wishes& flags, const wishes& variables, const node::environment& env) {
  for (const auto* w : {&flags, &variables}) {
    if (!w->data_dir.empty()) return read_data_dir(w->data_dir);
    if (!w->context.empty()) {
      auto named = read_context(env, w->context);
      if (!named) return named.error();
      return **named;
    }
  }
  auto current = read_context(env, {});
  if (!current) return current.error();
  if (*current) return **current;
  return read_data_dir(default_data_dir(env));
}

}  // namespace

node::tls_identity target::identity() const {
  auto files = node::pki_files::in(pki_dir);
  return {files.authority, files.client, files.client_key};
}

result<target> find_target(const wishes& flags, const node::environment& env) {
  wishes variables{variable(env, "TROUPE_ENDPOINT"), variable(env, "TROUPE_PKI_DIR"),
                   variable(env, "TROUPE_DATA_DIR"), variable(env, "TROUPE_CONTEXT")};
  auto endpoint = !flags.endpoint.empty() ? flags.endpoint : variables.endpoint;
  auto pki_dir = !flags.pki_dir.empty() ? flags.pki_dir : variables.pki_dir;
  if (endpoint.empty() || pki_dir.empty()) {
    auto found = find_place(flags, variables, env);
    if (!found) return found.error();
    if (endpoint.empty()) endpoint = found->endpoint;
    if (pki_dir.empty()) pki_dir = found->pki_dir;
  }
  if (endpoint.empty()) return wrong("no endpoint is known: name one with --node");
  if (pki_dir.empty()) return wrong("no certificates are known: name their folder with --pki-dir");
  auto address = node::parse_listen_address(endpoint);
  if (!address) return address.error();
  return target{*address, pki_dir};
}

}  // namespace troupe::ctl
