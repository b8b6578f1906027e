#include "storage/rocks_kv.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <kj/exception.h>

#include "protocol/rollup.hpp"
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

class rollup_merge final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value,
             std::string* merged, rocksdb::Logger*) const override {
    try {
      *merged = merge_rollups(existing ? view(*existing) : std::string_view{}, view(value));
      return true;
    } catch (const kj::Exception&) {
      return false;
    }
  }
  const char* Name() const override { return "troupe.rollup.1"; }
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
    std::vector<rocksdb::ColumnFamilyHandle*> columns;
    std::vector<rocksdb::Slice> slices;
    columns.reserve(keys.size());
    slices.reserve(keys.size());
    for (auto& [c, key] : keys) {
      columns.push_back(of(c));
      slices.push_back(slice(key));
    }
    std::vector<std::string> values;
    auto statuses = db_->MultiGet(options(), columns, slices, &values);
    std::vector<std::optional<std::string>> found(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      check_read(statuses[i]);
      if (statuses[i].ok()) found[i] = std::move(values[i]);
    }
    return found;
  }

  void scan(column c, std::string_view from, std::string_view to, const visitor& visit) const override {
    auto o = options();
    rocksdb::Slice upper = slice(to);
    if (!to.empty()) o.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(o, of(c)));
    for (it->Seek(slice(from)); it->Valid(); it->Next())
      if (!visit(view(it->key()), view(it->value()))) return;
    check_read(it->status());
  }

  void scan_down(column c, std::string_view from, std::string_view to, const visitor& visit) const override {
    auto o = options();
    rocksdb::Slice lower = slice(from), upper = slice(to);
    o.iterate_lower_bound = &lower;
    if (!to.empty()) o.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(o, of(c)));
    for (it->SeekToLast(); it->Valid(); it->Prev())
      if (!visit(view(it->key()), view(it->value()))) return;
    check_read(it->status());
  }

 protected:
  rocksdb::ColumnFamilyHandle* of(column c) const { return (*columns_)[static_cast<std::size_t>(c)]; }
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
    auto status = owned_->Write(rocksdb::WriteOptions(), &ops);
    if (!status.ok()) return failure_of(status);
    return d == durability::synced ? sync() : result<done>(done{});
  }
  result<done> sync() override {
    auto status = owned_->SyncWAL();
    if (!status.ok()) return failure_of(status);
    return done{};
  }
  std::unique_ptr<kv_reader> snapshot() const override {
    return std::make_unique<rocks_snapshot>(owned_.get(), &handles_);
  }
  result<done> resume() override {
    auto status = owned_->Resume();
    if (!status.ok()) return failure_of(status);
    return done{};
  }

 private:
  std::unique_ptr<rocksdb::DB> owned_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocks_reader latest_;
};

rocksdb::ColumnFamilyOptions column_options(column c, const rocks_options& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions o;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.format_version = 5;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  o.write_buffer_size = c == column::meta ? 1U << 20 : options.memtable_bytes;
  o.compression = c == column::log ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  o.level_compaction_dynamic_level_bytes = true;
  if (c == column::rollups) o.merge_operator = std::make_shared<rollup_merge>();
  return o;
}

}  // namespace

result<std::unique_ptr<kv>> open_rocks(const std::filesystem::path& directory, const rocks_options& options) {
  rocksdb::DBOptions o;
  o.create_if_missing = true;
  o.create_missing_column_families = true;
  o.max_background_jobs = options.background_jobs;
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  o.max_open_files = 512;
  o.info_log = make_rocks_log();
  o.max_total_wal_size = 256ULL << 20;
  o.enable_pipelined_write = true;
  auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  columns.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (std::size_t i = 0; i < column_count; ++i) {
    auto c = static_cast<column>(i);
    columns.emplace_back(std::string(name_of(c)), column_options(c, options, cache));
  }
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::error_code made;  // a folder that cannot be made is reported by Open
  std::filesystem::create_directories(directory, made);
  auto status = rocksdb::DB::Open(o, directory.string(), columns, &handles, &raw);
  if (!status.ok()) {
    auto f = failure_of(status);
    if (f.code == errc::no_space) f.detail = "the disk is full: make space, then start again";
    f.detail += " (" + directory.string() + ")";
    return f;
  }
  std::unique_ptr<rocksdb::DB> db(raw);
  auto* unused = handles.front();
  handles.erase(handles.begin());
  db->DestroyColumnFamilyHandle(unused).PermitUncheckedError();
  return std::unique_ptr<kv>(std::make_unique<rocks_kv>(std::move(db), std::move(handles)));
}

}  // namespace troupe::storage
