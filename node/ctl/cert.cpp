#include "node/ctl/cert.hpp"

#include <sys/random.h>

#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <filesystem>

#include "actors/cluster/map.hpp"
#include "http/ingest/time_text.hpp"
#include "node/ctl/ask.hpp"
#include "node/pki.hpp"
#include "protocol/uuid.hpp"

namespace troupe::ctl {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t day_s = 24 * 3600, warn_days = 30;

json::string to_text(std::string_view s) { return json::string(s.data(), s.size()); }

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
std::int64_t now_s() { return now_us() / 1'000'000; }

std::uint64_t random_u64() {
  std::uint64_t bits = 0;
  must(::getrandom(&bits, sizeof bits, 0) == sizeof bits, "the kernel gives random bits");
  return bits | 1;
}

json::object row_of(const fs::path& file, const node::certificate_facts& f) {
  std::string end;
  ingest::write_rfc3339(f.end_s * 1'000'000, end);
  auto left = f.end_s - now_s();
  return {
      {"file", to_text(file.string())},  {"name", to_text(f.name)},
      {"role", to_text(f.role)},         {"issuer", to_text(f.issuer)},
      {"expires_at", to_text(end)},      {"days_left", left >= 0 ? left / day_s : -1 - (-left - 1) / day_s},
      {"sha256", to_text(f.fingerprint)}};
}

const std::vector<column>& columns() {
  static const std::vector<column> all{{"FILE", "file"},          {"NAME", "name"},
                                       {"ROLE", "role"},          {"ISSUER", "issuer"},
                                       {"EXPIRES", "expires_at"}, {"DAYS LEFT", "days_left"}};
  return all;
}

// What was written, as a list of certificates.
exit_code show_written(printer& out, const std::vector<fs::path>& certificates) {
  json::array rows;
  for (const auto& file : certificates) {
    auto facts = node::read_certificate_facts(file);
    if (!facts) return failed(out, facts.error());
    rows.push_back(row_of(file, *facts));
  }
  show_items(out, std::move(rows), columns());
  return ok;
}

result<bool> is_free(const fs::path& folder) {
  auto files = node::pki_files::in(folder);
  std::error_code error;
  for (const auto& file : {files.authority, files.node, files.client})
    if (fs::exists(file, error))
      return failure{.code = errc::conflict,
                     .detail = file.string() + " exists: name another folder with --out"};
  return true;
}

exit_code install(printer& out, const fs::path& folder, const node::issued_pki& issued) {
  auto free = is_free(folder);
  if (!free) return failed(out, free.error());
  auto written = node::install_pki(folder, issued);
  if (!written) return failed(out, written.error());
  auto files = node::pki_files::in(folder);
  if (issued.node.certificate.empty()) return show_written(out, {files.client, files.authority});
  return show_written(out, {files.node, files.client, files.authority});
}

result<node_id> node_of(const std::string& hex) {
  if (hex.empty()) return node_id(random_u64());
  std::string_view digits = hex;
  if (digits.starts_with("node-")) digits.remove_prefix(5);
  std::uint64_t id = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() || id == 0)
    return failure{.code = errc::invalid_argument,
                   .detail = "a node's id is 16 hexadecimal digits: troupectl nodes shows it",
                   .field = "--id"};
  return node_id(id);
}

bool is_name(std::string_view name) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
  };
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), fits) &&
         !name.starts_with("node-");
}

}  // namespace

exit_code cert_init_ca(printer& out, const cert_options& options) {
  auto made = node::make_authority(options.folder,
                                   to_string(make_uuid_v7(now_us(), random_u64(), random_u64())), now_s());
  if (!made) return failed(out, made.error());
  auto shown = show_written(out, {made->authority});
  out.note("Keep " + made->authority_key.string() +
           " off the nodes: who has it can become any node and any administrator.");
  return shown;
}

exit_code cert_issue_node(printer& out, const cert_options& options) {
  auto id = node_of(options.id);
  if (!id) return failed(out, id.error());
  auto issued = node::issue_pki(options.ca, *id, now_s());
  if (!issued) return failed(out, issued.error());
  auto installed = install(out, options.out, *issued);
  if (installed == ok)
    out.note(options.id.empty()
                 ? "Put the folder where the first node of the cluster looks: DATA_DIR/pki, before it "
                   "starts. Others join by invitation: troupectl node invite --ca"
                 : "Stop the node, put node.pem, node.key, troupectl.pem and troupectl.key into its pki "
                   "folder, and start it again.");
  return installed;
}

exit_code cert_issue_admin(printer& out, const cert_options& options) {
  if (!is_name(options.name))
    return failed(
        out, {.code = errc::invalid_argument,
              .detail = "a name has 1 to 63 of the characters a-z A-Z 0-9 - _ . @ and is not that of a node",
              .field = "NAME"});
  auto issued = node::issue_admin_pki(options.ca, options.name, now_s());
  if (!issued) return failed(out, issued.error());
  auto installed = install(out, options.out, *issued);
  if (installed == ok) out.note("Use it: troupectl --pki-dir " + options.out + " --node HOST:PORT status");
  return installed;
}

exit_code cert_list(printer& out, const cert_options& options, const node::environment& env) {
  fs::path folder = options.folder;
  if (folder.empty()) {
    auto found = find_target(options.where, env);
    if (!found) return failed(out, found.error());
    folder = found->pki_dir;
  }
  json::array rows;
  bool soon = false;
  std::error_code error;
  auto files = node::pki_files::in(folder);
  for (const auto& file : {files.authority, files.node, files.client}) {
    if (!fs::exists(file, error)) continue;
    auto facts = node::read_certificate_facts(file);
    if (!facts) return failed(out, facts.error());
    soon = soon || facts->end_s - now_s() < warn_days * day_s;
    rows.push_back(row_of(file, *facts));
  }
  if (rows.empty())
    return failed(out, {.code = errc::not_found, .detail = folder.string() + " holds no certificates"});
  show_items(out, std::move(rows), columns());
  out.note(fs::exists(files.authority_key, error) ? "The CA's key is here." : "The CA's key is not here.");
  return soon ? unhealthy : ok;
}

}  // namespace troupe::ctl
