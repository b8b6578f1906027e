#include "node/ctl/backup.hpp"

#include <sys/random.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "actors/cluster/map.hpp"
#include "http/ingest/time_text.hpp"
#include "node/ctl/ask.hpp"
#include "node/pki.hpp"
#include "protocol/message.hpp"
#include "protocol/uuid.hpp"
#include "storage/backup_folder.hpp"

namespace troupe::ctl {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

constexpr auto look_every = std::chrono::milliseconds(250);
constexpr auto say_every = std::chrono::seconds(5);

json::string to_text(std::string_view s) { return json::string(s.data(), s.size()); }

std::string in_mib(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint64_t random_u64() {
  std::uint64_t bits = 0;
  must(::getrandom(&bits, sizeof bits, 0) == sizeof bits, "the kernel gives random bits");
  return bits | 1;
}

std::string time_text(std::int64_t us) {
  std::string out;
  ingest::write_rfc3339(us, out);
  return out;
}

exit_code show_done(printer& out, schema::BackedUp::Reader b) {
  json::value v(json::object{{"folder", to_text(view_of(b.getFolder()))},
                             {"bytes", b.getBytes()},
                             {"shards", b.getShards()},
                             {"digest", to_text(view_of(b.getDigest()))}});
  out.show(v, v, {});
  return ok;
}

exit_code show_failed(printer& out, schema::Refusal::Reader why) {
  return failed(out, {.code = static_cast<errc>(why.getCode()),
                      .detail = std::string(view_of(why.getDetail())),
                      .field = std::string(view_of(why.getField()))});
}

}  // namespace

exit_code backup(connection& node, printer& out, const std::string& folder) {
  std::error_code error;
  // Often it is this machine's node.
  auto named = fs::absolute(folder, error).lexically_normal().string();
  auto begun = with_reply(
      node, out, [&](auto r) { r.setBackup(named); }, [](auto) { return ok; });
  if (begun != ok) return begun;
  auto said = std::chrono::steady_clock::now();
  std::optional<exit_code> end;
  while (!end) {
    std::this_thread::sleep_for(look_every);
    auto looked = with_reply(
        node, out, [](auto r) { r.setBackupState(); },
        [&](schema::AdminReply::Reader reply) {
          auto s = reply.getBackupState();
          if (s.hasFailed()) {
            end = show_failed(out, s.getFailed());
          } else if (s.hasDone()) {
            end = show_done(out, s.getDone());
          } else if (auto now = std::chrono::steady_clock::now(); now - said > say_every) {
            said = now;
            out.note(std::to_string(s.getShardsDone()) + " of " + std::to_string(s.getShards()) +
                     " shards, " + in_mib(s.getBytes()));
          }
          return ok;
        });
    if (looked != ok) return looked;
  }
  return *end;
}

exit_code restore(printer& out, const std::string& folder, const std::string& data_dir) {
  if (data_dir.empty()) {
    out.error({.code = errc::invalid_argument,
               .detail = "name the new data directory with --data-dir",
               .field = "--data-dir"});
    return usage;
  }
  storage::directory_identity identity;
  identity.cluster = to_string(make_uuid_v7(now_us(), random_u64(), random_u64()));
  auto certified = node::certified_node(fs::path(data_dir) / "pki");
  if (!certified) return failed(out, certified.error());
  identity.node = certified->value_or(node_id(random_u64()));
  identity.history = epoch(random_u64());
  shard_id at;
  auto restored = storage::restore_backup(folder, data_dir, identity, [&](shard_id s, std::uint64_t) {
    if (s != at) out.note("shard " + std::to_string(at.value) + " is there");
    at = s;
  });
  if (!restored) return failed(out, restored.error());
  json::value v(json::object{{"data_dir", to_text(data_dir)},
                             {"cluster", to_text(identity.cluster)},
                             {"node", to_text(cluster::hex_of(identity.node))},
                             {"from_cluster", to_text(restored->cluster)},
                             {"taken_at", to_text(time_text(restored->begun_us))},
                             {"bytes", restored->bytes()},
                             {"shards", restored->shards.size()},
                             {"digest", to_text(cluster::hex_of(node_id(restored->digest())))}});
  out.show(v, v, {});
  out.note("The state is the one that was saved. Start it: trouped --data-dir " + data_dir);
  return ok;
}

}  // namespace troupe::ctl
