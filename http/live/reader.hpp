// One reader of one topic on its I/O thread: joins it at a position, is given what it missed since an earlier one, then
// everything that follows. In order, without gap or duplicate.
//
//   [wait until the hub is at R] -> attach at P -> [recover R..P from the shards, live frames wait] -> live
//
// Invariants: touched on its I/O thread only. While it recovers, what is live waits here, bounded; beyond the bound it is
// let go and recovered too. Readers take turns in asking the shards. When a shard does not answer, or live runs away
// from what is recovered again and again, the reader has fallen behind and its sink ends it so that the client resumes.
// Once live it holds no position: the hub sends it what follows and nothing else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/live/hub.hpp"

namespace troupe::http {

class topic_reader;

// Where a reader's frames go. Outlives the reader.
class reader_sink {
 public:
  virtual ~reader_sink() = default;
  virtual void push(topic_reader& from, const delivery& d) = 0;
  // False while much is queued: what is recovered waits until go_on() is called.
  virtual bool has_room() { return true; }
  // A state was let go: the current one is wanted.
  virtual void missed_state(topic_reader& from) = 0;
  // It can't go on without a gap: close, saying that the client may resume.
  virtual void fell_behind() = 0;
};

class topic_reader final : public frame_taker, public std::enable_shared_from_this<topic_reader> {
 public:
  topic_reader(hub& from, std::shared_ptr<io_thread> home, encoding as, reader_sink& to);
  ~topic_reader() override;

  struct seen {
    std::string epoch, offset;
  };
  // Calls back on its I/O thread, perhaps at once, when the hub has got to what the client has seen on another node, or
  // does not get there soon.
  void when_there(const topic& what, const std::optional<seen>& resume, std::function<void()> then);

  struct joined {
    std::string offset;             // where the pushes that follow begin
    std::optional<bool> recovered;  // nothing if it was not asked for
    position starts_at;             // frames follow from here
  };
  // Attaches; 'resume' is what the client has seen, if it wants to go on from there.
  joined join(topic what, const std::optional<seen>& resume);
  // Goes live. Between join() and this nothing is pushed, so that the answer to the join can go first.
  void begin();
  // There is room again.
  void go_on();
  void end();

  // Once joined.
  const std::shared_ptr<const topic>& shared_topic() const { return what_; }
  void take(const delivery& d) override;

 private:
  struct recovery {
    position upto;  // frames up to here are read from the shards
    position seen;  // what it has been given
    std::vector<frame_ptr> waiting;
    std::uint16_t extended = 0;
    bool paused = false;
  };

  std::string offset_of(const position& p) const;
  void extend(const live_frame& last);
  void recover_next();
  bool ask(std::uint16_t shard);
  void recovered_page(std::uint16_t shard, const result<std::string>& answer);
  void push_page(shard_id shard, std::uint64_t last, std::string_view events);
  void go_live();

  hub& hub_;
  const std::shared_ptr<io_thread> home_;
  std::shared_ptr<const topic> what_;
  reader_sink* sink_;
  std::unique_ptr<recovery> recovery_;  // until it is live
  const encoding as_;
  bool attached_ = false;
};

}  // namespace troupe::http
