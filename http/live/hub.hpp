// The live side of a node's edge: takes the shards' feed, encodes each push once for each topic that has readers, and
// hands it to the I/O threads, one message per thread and broadcast.
//
// Threads: the feed comes on an actor's thread; readers join and leave on their I/O threads; conflated topics are sent
// by a thread of the hub. One mutex guards the table and the position, and frames are posted under it.
//
// Invariants:
// - a reader that attaches at position P is sent every numbered frame after P, in order, once (frames up to P may still
//   be on their way to its thread: readers drop them by their number);
// - the position never skips an event: a gap in the feed is read from the shard before anything after it is sent.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "actors/runtime/client.hpp"
#include "http/live/live_frame.hpp"
#include "http/live/position.hpp"
#include "http/live/presence.hpp"
#include "http/live/topic.hpp"
#include "http/server/io_thread.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::http {

// How a reader wants its frames.
enum class encoding : std::uint8_t { channel, stream };

// Somebody on an I/O thread who follows a topic.
class frame_taker {
 public:
  virtual ~frame_taker() = default;
  virtual void take(const frame_ptr& f) = 0;  // on its I/O thread
};

struct hub_config {
  std::chrono::milliseconds conflate{50};   // states of agents and presence
  std::chrono::milliseconds figures{2000};  // the system topic
  // Appends an agent as the REST API shows it.
  std::function<void(schema::AgentState::Reader, std::string&)> write_agent;
  // The payload of the system topic.
  std::function<std::string()> write_figures;
  // News of keys, for the key ring. Called on the feed's thread.
  std::function<void(schema::ApiKey::Reader)> key_changed;
};

class hub {
 public:
  hub(hub_config config, client& data, std::vector<std::shared_ptr<io_thread>> threads);
  ~hub();

  // Begins to follow the shards. Readers can attach once is_ready().
  void start();
  void stop();
  bool is_ready() const;

  client& data() { return data_; }
  const hub_config& config() const { return config_; }

  // On the reader's own I/O thread. The position from which frames follow.
  position attach(io_thread& home, const topic& t, encoding as, frame_taker& who);
  void detach(io_thread& home, const topic& t, encoding as, frame_taker& who);
  position now() const;

  // Who is on a topic. Diffs are sent to the topic, conflated; the state is for the one who joins.
  std::string presence_state(const topic& t) const;
  void arrive(const topic& t, presence_meta who);
  void leave(const topic& t, const presence_meta& who);

 private:
  // Readers of one I/O thread, touched there only.
  struct switchboard;
  struct audience {
    topic what;
    std::vector<std::uint32_t> channel, stream;  // readers by I/O thread
    std::uint32_t total = 0;
  };
  struct shard_state {
    bool known = false;
    bool reading_gap = false;
    std::uint64_t retry_upto = 0;                         // a gap whose reading failed, 0: none
    std::deque<std::shared_ptr<const std::string>> held;  // what came while a gap is read
  };
  struct fact_events;

  void on_feed(std::shared_ptr<const std::string> bytes);
  void take_feed(schema::Feed::Reader feed);
  void take_events(shard_id shard, std::string_view org, std::uint64_t first,
                   capnp::List<schema::Event>::Reader events);
  void take_agents(schema::Feed::Reader feed);
  void take_agent(std::string_view org, schema::AgentState::Reader agent);
  void read_gap(shard_id shard, std::uint64_t upto);
  void gap_answered(shard_id shard, std::uint64_t upto, result<std::string> answer);
  void send_events(const audience& to, shard_id shard, std::uint64_t last, std::string_view events);
  void send_state(const audience& to, std::string_view event, std::string_view payload);
  void broadcast(const audience& to, frame_ptr f);
  const audience* find(std::string_view org, std::string_view name) const;
  void conflate();
  void flush_agents();
  void flush_presence();
  void flush_figures();
  void retry_gaps();

  // Answers that come after the end find no owner.
  struct lifeline {
    std::mutex mutex;
    hub* owner = nullptr;
  };

  const hub_config config_;
  client& data_;
  const std::vector<std::shared_ptr<io_thread>> threads_;
  const std::string epoch_;
  std::vector<std::unique_ptr<switchboard>> boards_;  // by I/O thread

  const std::shared_ptr<lifeline> life_ = std::make_shared<lifeline>();
  std::mutex& mutex_ = life_->mutex;
  std::unordered_map<std::string, audience> audiences_;
  position position_;
  std::vector<shard_state> shards_;
  std::map<std::string, std::map<std::string, std::string>> changed_agents_;  // org -> agent -> JSON
  presence_table presence_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::unique_ptr<subscription> feed_;
  std::thread conflater_;
};

}  // namespace troupe::http
