// A key-value store in memory that crashes on demand, as RocksDB would: what was logged and not synced is lost but for a
// prefix of the batches; what was not logged is lost back to the last flush. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/kv.hpp"

namespace troupe::testing {

class memory_kv final : public storage::kv {
 public:
  using column = storage::column;
  enum class op_kind : std::uint8_t { put, erase, erase_range, merge };
  struct op {
    op_kind kind;
    column where;
    std::string key;
    std::string value;  // of erase_range: the end
  };
  class batch final : public storage::kv_batch {
   public:
    void put(column c, std::string_view key, std::string_view value) override;
    void erase(column c, std::string_view key) override;
    void erase_range(column c, std::string_view from, std::string_view to) override;
    void merge(column c, std::string_view key, std::string_view value) override;
    std::size_t bytes() const override { return bytes_; }
    std::vector<op> ops;

   private:
    void add(op_kind kind, column c, std::string_view key, std::string_view value);
    std::size_t bytes_ = 0;
  };

  memory_kv() : latest_(this) {}

  const storage::kv_reader& latest() const override { return latest_; }
  std::unique_ptr<storage::kv_batch> make_batch() const override { return std::make_unique<batch>(); }
  result<storage::done> write(const storage::kv_batch& b, storage::durability d) override;
  result<storage::done> sync() override;
  result<storage::done> flush() override;
  std::optional<std::string> flushed(column c, std::string_view key) const override;
  std::unique_ptr<storage::kv_reader> snapshot() const override;
  result<storage::done> resume() override;

  // Called before a batch is applied.
  std::function<void(const batch&)> on_write;
  // From now on writes and syncs fail, until resume().
  void break_with(failure why) { broken_ = std::move(why); }
  // The same for syncs only: what is written stays visible.
  void break_sync_with(failure why) { broken_sync_ = std::move(why); }

  // Of the logged batches.
  std::size_t unsynced() const { return unsynced_; }
  // The first 'kept' of the unsynced logged batches survive, and nothing unlogged since the last flush.
  void crash(std::size_t kept);
  // flushed() tells what is shown instead: a planted bug.
  void lie_about_flushes() { lies_ = true; }

 private:
  using table = std::map<std::string, std::string, std::less<>>;
  using tables = std::array<table, storage::column_count>;
  struct undo_op {
    column where;
    std::string key;
    std::optional<std::string> before;
  };
  // A batch since the last flush.
  struct written {
    std::vector<undo_op> undo;
    std::vector<op> logged;  // empty: unlogged
    bool synced = false;
  };
  class reader : public storage::kv_reader {
   public:
    explicit reader(const memory_kv* of) : live_(of) {}
    explicit reader(tables copy) : copy_(std::move(copy)) {}
    std::optional<std::string> get(column c, std::string_view key) const override;
    std::vector<std::optional<std::string>> get_all(
        std::span<const std::pair<column, std::string>> keys) const override;
    void scan(column c, std::string_view from, std::string_view to, const visitor& visit) const override;
    void scan_down(column c, std::string_view from, std::string_view to, const visitor& visit) const override;

   private:
    const table& of(column c) const;
    const memory_kv* live_ = nullptr;
    tables copy_;
  };

  void apply(const op& o, std::vector<undo_op>& undo);
  void keep(std::vector<undo_op>& undo, column c, const std::string& key);

  tables tables_;
  std::deque<written> since_flush_;  // newest last; without synced ones at the front
  std::size_t unsynced_ = 0;
  bool lies_ = false;
  std::optional<failure> broken_, broken_sync_;
  reader latest_;
};

}  // namespace troupe::testing
