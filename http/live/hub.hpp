// The live side of a node's edge: takes the shards' feed, encodes each push once for each topic that has readers, and
// hands it to the I/O threads, one message per thread and broadcast.
//
// Threads: the feed comes on an actor's thread; readers join and leave on their I/O threads; conflated topics are sent
// by a thread of the hub. One mutex guards the table and the position, and frames are handed out under it.
//
// Invariants:
// - a reader that attaches at position P is sent every numbered frame after P, in order, once, and none up to P;
// - the position never skips an event: a gap in the feed is read from the shard before anything after it is sent;
// - where the feed began anew (another leader, a slow reader), what has no numbers is read again: states of agents and
//   dashboards, keys;
// - what waits for an I/O thread is bounded: beyond the bound the feed is let go and read from the shards, as a gap, when
//   the thread has caught up. Many feeds become one page then, so that falling behind makes it faster.
#pragma once

#include <atomic>
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
#include "http/live/insight_news.hpp"
#include "http/live/live_frame.hpp"
#include "http/live/position.hpp"
#include "http/live/presence.hpp"
#include "http/live/principal_pool.hpp"
#include "http/live/seats.hpp"
#include "http/live/switchboard.hpp"
#include "http/live/topic.hpp"
#include "http/server/io_thread.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::http {

// How a reader wants its frames.
enum class encoding : std::uint8_t { channel, stream };

struct hub_config {
  std::chrono::milliseconds conflate{50};           // states of agents and dashboards, and presence
  std::chrono::milliseconds figures{2000};          // the system topic
  std::chrono::milliseconds catch_up{3000};         // what a reader waits for that has seen more elsewhere
  std::size_t recoveries_max = 8;                   // of one I/O thread at once; the others wait their turn
  std::size_t thread_bytes_max = 16 * 1024 * 1024;  // frames that one I/O thread has not taken yet
  // Appends an agent as the REST API shows it.
  std::function<void(schema::AgentState::Reader, std::string&)> write_agent;
  // The payload of the system topic.
  std::function<std::string()> write_figures;
  // Of the other nodes; null when there are none. Outlives the hub.
  presence* others = nullptr;
  // Tokens of an organisation changed, and somebody looks at them. Called on the hub's thread, with its mutex held.
  std::function<void(const std::string&)> tokens_changed;
  // News of keys, for the key ring. Called on the feed's thread.
  std::function<void(schema::ApiKey::Reader)> key_changed;
  // News of keys may have been missed: they are to be read again. Called on the feed's thread.
  std::function<void()> keys_missed;
  std::function<void(std::string_view)>
      feed_seen;  // each encoded schema::Feed, on an actor's thread: must not throw
};

class hub {
 public:
  hub(hub_config config, client& data, std::vector<std::shared_ptr<io_thread>> threads);
  ~hub();

  // Begins to follow the shards. Readers can attach once is_ready().
  void start();
  void stop();
  bool is_ready() const;
  // Everything that was published has been handed to the readers of every I/O thread, or is about to be on it.
  bool is_idle() const;

  client& data() { return data_; }
  const hub_config& config() const { return config_; }

  struct place {
    position at;  // frames follow from here
    std::shared_ptr<const topic> what;
  };
  // On the reader's own I/O thread.
  place attach(io_thread& home, topic t, encoding as, std::shared_ptr<frame_taker> who);
  void detach(io_thread& home, const topic& t, encoding as, frame_taker& who);
  // Calls back on 'home' once the position has reached 'at' in every shard, at once if it has, and after
  // config.catch_up in any case: on another node a reader may have seen what this one has not been told yet.
  void when_at(position at, std::shared_ptr<io_thread> home, std::function<void()> then);
  // Those who read from the shards take turns.
  turnstile& recoveries(const io_thread& home) { return boards_[home.number()]->recoveries; }
  principal_pool& principals() { return principals_; }
  position now() const;

  // A push to whoever follows the topic.
  void announce(std::string_view org, std::string_view name, std::string_view event,
                std::string_view payload);

  // Who is on a topic, on all nodes. Diffs are sent to the topic, conflated; the state is for the one who joins.
  std::string presence_state(const topic& t) const;
  // 'fields': of a JSON object, what is told of this session beside its reference. Returns its number, 0 if the bounds
  // leave it out.
  std::uint64_t arrive(const topic& t, const std::string& key, std::string_view fields);
  void leave(std::uint64_t number);

  // For a live connection of the key, until it is let go; none is needed where the key has no bound. Fails with
  // errc::overloaded when the key has as many connections as it may, on all nodes.
  result<seat> take_seat(const principal& who);

 private:
  struct audience {
    std::shared_ptr<const topic> what;
    std::string key, name_json;
    std::vector<std::uint32_t> channel, stream;  // readers by I/O thread
    std::uint32_t total = 0;
  };
  struct shard_state {
    bool known = false;
    bool reading_gap = false;
    bool dropped = false;                                 // something behind the gap was not held
    std::uint64_t retry_upto = 0;                         // a gap that is to be read later, 0: none
    std::uint64_t last_heard = 0;                         // the highest number any feed told
    std::deque<std::shared_ptr<const std::string>> held;  // what came while a gap is read
    // News of states may have been missed. Of those in 'heard' (organisation, NUL, topic) there are newer ones meanwhile.
    bool is_stale = false, is_rereading = false;
    std::set<std::string> heard;
  };
  struct expected {
    position at;
    std::chrono::steady_clock::time_point until;
    std::shared_ptr<io_thread> home;
    std::function<void()> then;
  };

  void on_feed(std::shared_ptr<const std::string> bytes);
  void take_feed(schema::Feed::Reader feed);
  // Those of the list that come after the position.
  void take_events(shard_id shard, std::string_view org, std::uint64_t first,
                   capnp::List<schema::Event>::Reader events);
  void take_states(schema::Feed::Reader feed);
  void take_agent(std::string_view org, schema::AgentState::Reader agent);
  void take_dashboard(std::string_view org, schema::Dashboard::Reader dashboard);
  void take_removed_dashboard(std::string_view org, std::string_view id);
  void began_anew(shard_id shard);
  void reread_states();
  std::deque<std::string> state_questions(shard_id shard) const;
  void reread_next(shard_id shard, std::shared_ptr<std::deque<std::string>> questions);
  void reread_answered(shard_id shard, const std::shared_ptr<std::deque<std::string>>& questions,
                       const result<std::string>& answer);
  void take_read_again(const std::set<std::string>& heard, schema::Query::Reader asked,
                       schema::QueryResult::Reader found);
  void read_gap(shard_id shard, std::uint64_t upto);
  void leave_gap(shard_id shard, std::uint64_t upto);
  void gap_answered(shard_id shard, std::uint64_t upto, result<std::string> answer);
  std::string events_begin(const audience& to, shard_id shard, std::uint64_t last) const;
  void send_events(const audience& to, shard_id shard, std::uint64_t last, std::string text,
                   std::size_t begin);
  void send_state(const audience& to, std::string_view event, std::string_view payload);
  void broadcast(const audience& to, frame_ptr f);
  void hand_out();
  bool has_reached(const position& at) const;
  void admit_expected();
  bool is_crowded() const;
  void board_emptied();
  const audience* find(std::string_view org, std::string_view name) const;
  void conflate();
  void flush_agents();
  void flush_dashboards();
  void flush_insight();
  void take_insight(std::string_view org, capnp::List<schema::Event>::Reader events);
  void flush_presence();
  void take_presence(const presence_news& news);
  void leave_seat(std::uint64_t number);
  void close_beyond(const std::string& key);
  void wake();
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
  const node_id self_;                                // none on a node that is alone
  std::vector<std::unique_ptr<switchboard>> boards_;  // by I/O thread

  const std::shared_ptr<lifeline> life_ = std::make_shared<lifeline>();
  std::mutex& mutex_ = life_->mutex;
  std::unordered_map<std::string, audience> audiences_;
  std::size_t all_events_bytes_ = 0;  // of an event lately
  std::size_t narrow_audiences_ = 0;  // of one agent or team
  std::size_t insight_audiences_ = 0;
  std::vector<std::vector<switchboard::parcel>> outgoing_;  // by I/O thread, within one hold of the mutex
  position position_;
  std::vector<expected> expected_;  // readers that have seen more than this; bounded
  std::vector<shard_state> shards_;
  std::map<std::string, std::map<std::string, std::string>> changed_agents_;  // org -> agent -> JSON
  struct push {
    std::string event, payload;
  };
  std::map<std::string, push> changed_dashboards_;  // by the key of its topic
  insight_news insight_;
  presence_table people_;
  seat_table seats_;
  principal_pool principals_;
  std::uint64_t sessions_ = 0;
  std::atomic<bool> starved_{false};  // a gap waits for room
  std::condition_variable wake_;
  bool stopping_ = false, news_ = false;
  std::unique_ptr<subscription> feed_, presence_;
  std::thread conflater_;
};

}  // namespace troupe::http
