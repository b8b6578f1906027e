// Backups: written from chunks, read back into a new data directory, and refused when anything of them is not as it was.
#include "storage/backup_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <iterator>

#include "protocol/envelope.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/storage.capnp.h"
#include "storage/log.hpp"
#include "storage/rocks_kv.hpp"
#include "tests/support/memory_kv.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::storage;
using test::temporary_folder;
using testing::memory_kv;
namespace fs = std::filesystem;

namespace {

constexpr std::uint16_t shard_count = 3;
using taken = state_taker::outcome;

// Shards with records, the last one with none but where it stands.
struct saved {
  saved() {
    auto batch = store.make_batch();
    for (std::uint16_t s = 0; s < shard_count; ++s) {
      for (int i = 0; i < 200 && s + 1 < shard_count; ++i)
        batch->put(i % 2 ? column::events : column::state, shard_key(shard_id(s), "key " + std::to_string(i)),
                   std::string(100, static_cast<char>('a' + s)));
      capnp::MallocMessageBuilder message;
      auto applied = message.initRoot<schema::AppliedState>();
      applied.setIndex(9U + s);
      applied.setTerm(2);
      batch->put(column::meta, shard_key(shard_id(s), "applied"), to_bytes(message));
    }
    REQUIRE(store.write(*batch, durability::synced));
  }

  // Every third answer is lost.
  void pull(backup_writer& to, shard_id s) const {
    state_taker t(s, {node_id(1), generation(4), {log_index(9), term(2)}, 0}, to.file_of(s, generation(4)),
                  state_purpose::backup);
    REQUIRE(t.begin());
    int n = 0;
    for (auto how = taken::more; how != taken::complete;) {
      auto q = decode_state_question(t.question());
      REQUIRE(q);
      CHECK(q->purpose == state_purpose::backup);
      how = ++n % 3 == 0 ? t.take({}) : t.take(answer_state(store.latest(), 5, *q, 1'000));
      REQUIRE(how != taken::failed);
    }
  }

  backup_manifest write(const fs::path& folder) const {
    auto to = backup_writer::begin(folder);
    REQUIRE(to);
    backup_manifest m;
    m.version = "1";
    m.cluster = "c";
    m.node = node_id(7);
    m.begun_us = 1;
    m.ended_us = 2;
    for (std::uint16_t s = 0; s < shard_count; ++s) {
      pull(**to, shard_id(s));
      auto closed = (*to)->close_file();
      REQUIRE(closed);
      m.shards.push_back(*closed);
    }
    REQUIRE((*to)->finish(m));
    return m;
  }

  memory_kv store;
};

directory_identity fresh() {
  return {.cluster = "019a0000-0000-7000-8000-000000000001", .node = node_id(42), .history = epoch(77)};
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_text(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

std::string resealed(std::string body) {
  char sum[20];
  std::snprintf(sum, sizeof sum, "%016llx", static_cast<unsigned long long>(checksum64(body)));
  return body + "checksum " + sum + "\n";
}

}  // namespace

TEST_CASE("backup: what was saved is what a new node of its own cluster has") {
  temporary_folder folder;
  saved s;
  auto written = s.write(folder.path() / "b");
  CHECK_FALSE(fs::exists(folder.path() / "b.partial"));
  auto read = check_backup(folder.path() / "b");
  REQUIRE(read);
  CHECK(*read == written);
  auto data = folder.path() / "data";
  auto restored = restore_backup(folder.path() / "b", data, fresh());
  REQUIRE(restored);
  auto dir = data_dir::open(data, {});
  REQUIRE(dir);
  CHECK_FALSE(dir->is_new());
  CHECK(dir->identity().node == node_id(42));
  CHECK(dir->identity().shards == shard_count);
  auto store = open_rocks(dir->database(), {});
  REQUIRE(store);
  for (std::uint16_t i = 0; i < shard_count; ++i) {
    shard_id shard(i);
    CHECK(digest((*store)->latest(), shard) == digest(s.store.latest(), shard));
    CHECK(written.shards[i].digest == digest(s.store.latest(), shard));
    auto log = load_snapshot((*store)->latest(), shard);
    REQUIRE(log);
    CHECK(log->generation == generation(5));
    CHECK(log->voters == std::vector{node_id(42)});
    CHECK(log->point.index == log_index(9U + i));
    CHECK(log->point.term == term(2));
    CHECK(log->first == log_index(10U + i));
  }
  CHECK(about_bytes(**store, shard_id(0)) > 1'000);
  CHECK(about_bytes(**store, shard_id(2)) < about_bytes(**store, shard_id(0)));
}

TEST_CASE("backup: a folder of that name is never touched, and one that was not finished is nothing") {
  temporary_folder folder;
  saved s;
  auto there = folder.path() / "b";
  fs::create_directory(there);
  CHECK(backup_writer::begin(there).error().code == errc::conflict);
  fs::remove(there);
  {
    auto to = backup_writer::begin(there.string() + "/");
    REQUIRE(to);
    s.pull(**to, shard_id(0));
    CHECK(fs::exists(folder.path() / "b.partial"));
  }
  CHECK(fs::is_empty(folder.path()));
  // Cut off by a crash: the next one takes its place. What is no backup's stays.
  fs::create_directory(folder.path() / "b.partial");
  put_text(folder.path() / "b.partial" / "shard-0000.state", "x");
  CHECK(backup_writer::begin(there));
  fs::create_directory(folder.path() / "b.partial");
  put_text(folder.path() / "b.partial" / "letter", "x");
  auto refused = backup_writer::begin(there);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::conflict);
  CHECK(text_of(folder.path() / "b.partial" / "letter") == "x");
}

TEST_CASE("backup: damage is found before anything is made of it, and nothing is left behind") {
  temporary_folder folder;
  saved s;
  s.write(folder.path() / "b");
  auto manifest = folder.path() / "b" / "manifest", state = folder.path() / "b" / "shard-0001.state";
  auto good_manifest = text_of(manifest), good_state = text_of(state);
  struct damage {
    const char* what;
    fs::path file;
    std::string text;
    errc code;
    const char* says;
  };
  auto flipped = good_state;
  flipped[flipped.size() / 2] ^= 8;
  auto newer = good_manifest.substr(0, good_manifest.rfind("checksum "));
  newer.replace(newer.find("format 1"), 8, "format 9");
  auto fewer = good_manifest.substr(0, good_manifest.rfind("shard 2"));
  auto edited = good_manifest;
  edited.replace(edited.find("index 9"), 7, "index 8");
  auto moved = edited.substr(0, edited.rfind("checksum "));
  for (const auto& d : {damage{"a flipped bit", state, flipped, errc::corrupt, "checksum"},
                        {"a byte less", state, good_state.substr(1), errc::corrupt, "bytes"},
                        {"an empty file", state, "", errc::corrupt, "bytes"},
                        {"a newer format", manifest, resealed(newer), errc::unsupported, "newer version"},
                        {"a newer format, whose checksum is another", manifest, newer + "checksum x\n",
                         errc::unsupported, "newer"},
                        {"a missing shard", manifest, resealed(fewer), errc::corrupt, "missing or wrong"},
                        {"an edited manifest", manifest, edited, errc::corrupt, "checksum"},
                        {"a manifest that says something else", manifest, resealed(moved), errc::corrupt,
                         "where the manifest says"},
                        {"no manifest", manifest, "", errc::not_found, "is this a backup"}}) {
    INFO(d.what);
    put_text(d.file, d.text);
    auto data = folder.path() / "data";
    auto restored = restore_backup(folder.path() / "b", data, fresh());
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == d.code);
    INFO(restored.error().detail);
    CHECK(restored.error().detail.find(d.says) != std::string::npos);
    CHECK_FALSE(fs::exists(data));
    put_text(manifest, good_manifest);
    put_text(state, good_state);
  }
  fs::remove(state);
  CHECK(restore_backup(folder.path() / "b", folder.path() / "data", fresh()).error().code == errc::corrupt);
  CHECK_FALSE(fs::exists(folder.path() / "data"));
}

TEST_CASE("backup: it is not restored over anything") {
  temporary_folder folder;
  saved s;
  s.write(folder.path() / "b");
  auto data = folder.path() / "data";
  fs::create_directory(data);
  put_text(data / "letter", "x");
  auto refused = restore_backup(folder.path() / "b", data, fresh());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::conflict);
  CHECK(refused.error().detail.find("not empty") != std::string::npos);
  CHECK(text_of(data / "letter") == "x");
  fs::remove(data / "letter");
  CHECK(restore_backup(folder.path() / "b", data, fresh()));
  auto again = restore_backup(folder.path() / "b", data, fresh());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::conflict);
  CHECK(fs::exists(data / "db"));
}

TEST_CASE("backup: where it cannot be written it says so") {
  auto to = backup_writer::begin("/proc/nowhere/b");
  REQUIRE_FALSE(to);
  CHECK(to.error().code == errc::forbidden);
  CHECK(to.error().detail.find("/proc/nowhere") != std::string::npos);
}
