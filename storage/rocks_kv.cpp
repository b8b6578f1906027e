#include "storage/rocks_kv.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_manager.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <atomic>

#include <kj/exception.h>

#include "protocol/key.hpp"
#include "protocol/merged.hpp"
#include "storage/rocks_log.hpp"

namespace troupe::storage {

namespace {

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

failure failure_of(const rocksdb::Status& status) {
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kNoSpace)
    return {errc::no_space, "the disk is full: make space, writes are taken again by themselves"};
  if (status.IsCorruption())
    return {errc::corrupt,
            "the store is damaged: " + status.ToString() + ". Restore a backup or remove this node's copy"};
  return {errc::internal, "the store failed: " + status.ToString()};
}

// A read that fails has met a damaged file: there is no value to go on with.
void check_read(const rocksdb::Status& status) {
  if (status.ok() || status.IsNotFound()) return;
  auto why = failure_of(status);
  throw storage_fault(why.detail, why.code);
}

class value_merge final : public rocksdb::MergeOperator {
 public:
  value_merge(family f, const char* name) : family_(f), name_(name) {}
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override {
    std::vector<std::string_view> operands;
    operands.reserve(in.operand_list.size() + 1);
    if (in.existing_value != nullptr) operands.push_back(view(*in.existing_value));
    for (auto& o : in.operand_list) operands.push_back(view(o));
    return add_up(operands, out->new_value);
  }
  bool PartialMergeMulti(const rocksdb::Slice&, const std::deque<rocksdb::Slice>& list, std::string* merged,
                         rocksdb::Logger*) const override {
    std::vector<std::string_view> operands;
    operands.reserve(list.size());
    for (auto& o : list) operands.push_back(view(o));
    return add_up(operands, *merged);
  }
  const char* Name() const override { return name_; }

 private:
  bool add_up(std::span<const std::string_view> operands, std::string& sum) const {
    auto merged = merge_values(family_, operands);
    if (merged) sum = std::move(*merged);
    return merged.has_value();
  }

  family family_;
  const char* name_;
};

// What the filters of events know: ids and their windows, which are looked for before they are there, and the traces that the index has, of
// which most are in few shards. All other keys of the column are read by those who know that they exist.
class event_filter final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "troupe.event_filter.3"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), known_bytes(view(key))};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return known_bytes(view(key)) > 0; }

  // Whether all keys of a range begin with the same that a filter knows.
  static bool knows(std::string_view from, std::string_view to) {
    auto known = known_bytes(from);
    return known > 0 && !to.empty() && to <= prefix_end(std::string(from.substr(0, known)));
  }

 private:
  // 0: it is in no filter.
  static std::size_t known_bytes(std::string_view key) {
    constexpr std::size_t after_shard = 2;
    constexpr std::string_view end_of_text("\0\1", 2);
    if (key.size() <= after_shard) return 0;
    switch (static_cast<record_tag>(key[after_shard])) {
      case record_tag::event_by_id:
      case record_tag::event_id_window: return key.size();
      case record_tag::event_by_trace: {
        auto org = key.find(end_of_text, after_shard + 1);
        auto trace = org == key.npos ? org : key.find(end_of_text, org + end_of_text.size());
        return trace == key.npos ? 0 : trace + end_of_text.size();
      }
      default: return 0;
    }
  }
};

class rocks_batch final : public kv_batch {
 public:
  explicit rocks_batch(const std::vector<rocksdb::ColumnFamilyHandle*>& columns) : columns_(columns) {}
  void put(column c, std::string_view key, std::string_view value) override {
    expect(ops.Put(of(c), slice(key), slice(value)));
  }
  void erase(column c, std::string_view key) override { expect(ops.Delete(of(c), slice(key))); }
  void erase_range(column c, std::string_view from, std::string_view to) override {
    expect(ops.DeleteRange(of(c), slice(from), slice(to)));
  }
  void merge(column c, std::string_view key, std::string_view value) override {
    expect(ops.Merge(of(c), slice(key), slice(value)));
  }
  std::size_t bytes() const override { return ops.GetDataSize(); }

  rocksdb::WriteBatch ops;

 private:
  rocksdb::ColumnFamilyHandle* of(column c) const { return columns_[static_cast<std::size_t>(c)]; }
  static void expect(const rocksdb::Status& s) { must(s.ok(), "a batch in memory takes every operation"); }

  const std::vector<rocksdb::ColumnFamilyHandle*>& columns_;
};

class rocks_reader : public kv_reader {
 public:
  rocks_reader(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>* columns,
               const rocksdb::Snapshot* at)
      : db_(db), columns_(columns), at_(at) {}

  std::optional<std::string> get(column c, std::string_view key) const override {
    std::string value;
    auto status = db_->Get(options(), of(c), slice(key), &value);
    check_read(status);
    if (status.IsNotFound()) return std::nullopt;
    return value;
  }

  std::vector<std::optional<std::string>> get_all(
      std::span<const std::pair<column, std::string>> keys) const override {
    std::vector<std::optional<std::string>> found(keys.size());
    std::vector<rocksdb::Slice> slices;
    slices.reserve(keys.size());
    for (auto& [c, key] : keys) slices.push_back(slice(key));
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    // One look for the keys of one column in a row, which come in order.
    for (std::size_t first = 0, end = 0; first < keys.size(); first = end) {
      while (end < keys.size() && keys[end].first == keys[first].first) ++end;
      db_->MultiGet(options(), of(keys[first].first), end - first, &slices[first], &values[first],
                    &statuses[first], is_ordered(keys.subspan(first, end - first)));
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      check_read(statuses[i]);
      if (statuses[i].ok()) found[i].emplace(values[i].data(), values[i].size());
    }
    return found;
  }

  void scan(column c, std::string_view from, std::string_view to, const visitor& visit) const override {
    auto o = options();
    rocksdb::Slice upper = slice(to);
    // Files whose filter does not know it are not looked into.
    o.total_order_seek = c != column::events || !event_filter::knows(from, to);
    if (!to.empty()) o.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(o, of(c)));
    for (it->Seek(slice(from)); it->Valid(); it->Next())
      if (!visit(view(it->key()), view(it->value()))) return;
    check_read(it->status());
  }

  void scan_down(column c, std::string_view from, std::string_view to, const visitor& visit) const override {
    auto o = options();
    rocksdb::Slice lower = slice(from), upper = slice(to);
    o.total_order_seek = true;
    o.iterate_lower_bound = &lower;
    if (!to.empty()) o.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(o, of(c)));
    for (it->SeekToLast(); it->Valid(); it->Prev())
      if (!visit(view(it->key()), view(it->value()))) return;
    check_read(it->status());
  }

 protected:
  rocksdb::ColumnFamilyHandle* of(column c) const { return (*columns_)[static_cast<std::size_t>(c)]; }
  static bool is_ordered(std::span<const std::pair<column, std::string>> keys) {
    return std::is_sorted(keys.begin(), keys.end());
  }
  rocksdb::ReadOptions options() const {
    rocksdb::ReadOptions o;
    o.snapshot = at_;
    o.verify_checksums = true;
    return o;
  }

  rocksdb::DB* db_;
  const std::vector<rocksdb::ColumnFamilyHandle*>* columns_;
  const rocksdb::Snapshot* at_;
};

class rocks_snapshot final : public rocks_reader {
 public:
  rocks_snapshot(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>* columns)
      : rocks_reader(db, columns, db->GetSnapshot()) {}
  ~rocks_snapshot() override { db_->ReleaseSnapshot(at_); }
};

class rocks_kv final : public kv {
 public:
  rocks_kv(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> columns)
      : owned_(std::move(db)), handles_(std::move(columns)), latest_(owned_.get(), &handles_, nullptr) {}
  ~rocks_kv() override {
    for (auto* handle : handles_) owned_->DestroyColumnFamilyHandle(handle);
    owned_->Close().PermitUncheckedError();
  }

  const kv_reader& latest() const override { return latest_; }
  std::unique_ptr<kv_batch> make_batch() const override { return std::make_unique<rocks_batch>(handles_); }
  result<done> write(const kv_batch& batch, durability d) override {
    // Writing and then syncing the log keeps other writers going meanwhile; WriteOptions::sync would not.
    auto& ops = const_cast<rocksdb::WriteBatch&>(static_cast<const rocks_batch&>(batch).ops);
    rocksdb::WriteOptions o;
    o.disableWAL = d == durability::unlogged;
    auto status = owned_->Write(o, &ops);
    if (!status.ok()) return failure_of(status);
    if (d != durability::unlogged) logged_.fetch_add(1);
    return d == durability::synced ? sync() : result<done>(done{});
  }
  result<done> sync() override {
    // What is being logged meanwhile is the next one's.
    auto logged = logged_.load();
    if (synced_.load() >= logged) return done{};
    auto status = owned_->FlushWAL(true);
    if (!status.ok()) return failure_of(status);
    for (auto before = synced_.load(); before < logged && !synced_.compare_exchange_weak(before, logged);) {}
    return done{};
  }
  result<done> flush() override {
    if (auto synced = sync(); !synced) return synced;
    auto status = owned_->Flush(rocksdb::FlushOptions(), handles_);
    if (!status.ok()) return failure_of(status);
    return done{};
  }
  std::optional<std::string> flushed(column c, std::string_view key) const override {
    rocksdb::ReadOptions o;
    o.read_tier = rocksdb::kPersistedTier;
    std::string value;
    auto status = owned_->Get(o, handles_[static_cast<std::size_t>(c)], slice(key), &value);
    check_read(status);
    if (status.IsNotFound()) return std::nullopt;
    return value;
  }
  std::unique_ptr<kv_reader> snapshot() const override {
    return std::make_unique<rocks_snapshot>(owned_.get(), &handles_);
  }
  std::uint64_t about_bytes(column c, std::string_view from, std::string_view to) const override {
    rocksdb::SizeApproximationOptions o;
    o.include_memtables = true;
    rocksdb::Range range(slice(from), slice(to));
    std::uint64_t bytes = 0;
    auto* where = handles_[static_cast<std::size_t>(c)];
    return owned_->GetApproximateSizes(o, where, &range, 1, &bytes).ok() ? bytes : 0;
  }
  bool is_flushing() const override {
    std::uint64_t waiting = 0;  // columns are flushed together
    auto* any = handles_[static_cast<std::size_t>(column::events)];
    return owned_->GetIntProperty(any, rocksdb::DB::Properties::kNumImmutableMemTable, &waiting) &&
           waiting > 0;
  }
  result<done> resume() override {
    auto status = owned_->Resume();
    if (status.IsBusy()) return failure{errc::in_flight, "the store is taking up again"};
    if (!status.ok()) return failure_of(status);
    return done{};
  }

 private:
  std::unique_ptr<rocksdb::DB> owned_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocks_reader latest_;
  // Batches. What was found at the start is on disk: recovering flushes it.
  std::atomic<std::uint64_t> logged_{0}, synced_{0};
};

rocksdb::ColumnFamilyOptions column_options(column c, const rocks_options& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions o;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // The cache's bound is that of all reading. In parts, or one filter of a large file would not fit it.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.whole_key_filtering = c != column::events;
  table.checksum = rocksdb::kXXH3;  // Debian's build has no fast CRC
  table.format_version = 5;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  o.write_buffer_size = options.memtable_bytes;
  o.compression = c == column::log ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  if (c == column::rollups)
    o.merge_operator = std::make_shared<value_merge>(family::rollups, "troupe.rollup.1");
  if (c == column::events) {
    o.merge_operator = std::make_shared<value_merge>(family::events, "troupe.id_window.1");
    // Each batch is all over the keys: levels would be rewritten whole for every few flushes. Hardly a key is written twice,
    // so files are put together to be fewer only, and never to spare space.
    o.compaction_style = rocksdb::kCompactionStyleUniversal;
    o.level0_file_num_compaction_trigger = 12;
    o.compaction_options_universal.max_size_amplification_percent = 1'000'000;
    o.prefix_extractor = std::make_shared<event_filter>();
    o.memtable_prefix_bloom_size_ratio = 0.02;
  } else {
    o.level_compaction_dynamic_level_bytes = true;
  }
  return o;
}

// As the columns are numbered, without RocksDB's own.
std::vector<rocksdb::ColumnFamilyHandle*> in_order(rocksdb::DB& db,
                                                   const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  std::vector<rocksdb::ColumnFamilyHandle*> ordered(column_count);
  for (auto* handle : handles) {
    auto named = [&](std::size_t i) { return name_of(static_cast<column>(i)) == handle->GetName(); };
    std::size_t i = 0;
    while (i < column_count && !named(i)) ++i;
    if (i < column_count)
      ordered[i] = handle;
    else
      db.DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  return ordered;
}

void close_half_open(rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  if (db == nullptr) return;
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  delete db;
}

}  // namespace

result<std::unique_ptr<kv>> open_rocks(const std::filesystem::path& directory, const rocks_options& options) {
  rocksdb::DBOptions o;
  o.create_if_missing = true;
  o.max_background_jobs = options.background_jobs;
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  o.max_open_files = 512;
  o.info_log = make_rocks_log();
  // Only the shards' logs are in the write-ahead log. What they made of it is written without and flushed as a whole.
  o.atomic_flush = true;
  o.manual_wal_flush = true;  // a group of appends becomes one write and one sync
  o.max_total_wal_size = options.log_bytes;
  // Goes on by itself when a flush or a compaction found the disk full and there is room again.
  o.sst_file_manager.reset(rocksdb::NewSstFileManager(rocksdb::Env::Default(), o.info_log));
  o.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(options.memtable_bytes);
  auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::error_code made;  // a folder that cannot be made is reported by Open
  std::filesystem::create_directories(directory, made);
  std::vector<std::string> present;  // stays empty where there is no database yet
  rocksdb::DB::ListColumnFamilies(o, directory.string(), &present).PermitUncheckedError();
  std::vector<rocksdb::ColumnFamilyDescriptor> old, fresh;
  old.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (std::size_t i = 0; i < column_count; ++i) {
    auto c = static_cast<column>(i);
    auto name = std::string(name_of(c));
    bool known = std::find(present.begin(), present.end(), name) != present.end();
    (known ? old : fresh).emplace_back(name, column_options(c, options, cache));
  }
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles, made_now;
  auto status = rocksdb::DB::Open(o, directory.string(), old, &handles, &raw);
  // All that are missing at once: one by one each would rewrite and sync the options.
  if (status.ok() && !fresh.empty()) status = raw->CreateColumnFamilies(fresh, &made_now);
  handles.insert(handles.end(), made_now.begin(), made_now.end());
  if (!status.ok()) {
    close_half_open(raw, handles);
    auto f = failure_of(status);
    if (f.code == errc::no_space) f.detail = "the disk is full: make space, then start again";
    f.detail += " (" + directory.string() + ")";
    return f;
  }
  std::unique_ptr<rocksdb::DB> db(raw);
  auto ordered = in_order(*db, handles);
  return std::unique_ptr<kv>(std::make_unique<rocks_kv>(std::move(db), std::move(ordered)));
}

}  // namespace troupe::storage
