#include "http/live/hub.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "http/routes/context.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t expected_max = 1024;  // beyond it nobody waits

}  // namespace

hub::hub(hub_config config, client& data, std::vector<std::shared_ptr<io_thread>> threads)
    : config_(std::move(config)),
      data_(data),
      threads_(std::move(threads)),
      epoch_(epoch_text(data.history())),
      self_(config_.others ? config_.others->self() : node_id()),
      position_(data.shard_count(), 0),
      shards_(data.shard_count()) {
  life_->owner = this;
  for (auto& t : threads_) boards_.push_back(std::make_unique<switchboard>(*t, config_.recoveries_max));
  outgoing_.resize(threads_.size());
}

hub::~hub() { stop(); }

void hub::start() {
  feed_ = data_.subscribe([this](std::shared_ptr<const std::string> feed) { on_feed(std::move(feed)); });
  if (config_.others)
    presence_ = config_.others->follow([this](const presence_news& news) { take_presence(news); });
  conflater_ = std::thread([this] { conflate(); });
}

void hub::stop() {
  feed_.reset();
  presence_.reset();
  {
    std::lock_guard lock(mutex_);
    life_->owner = nullptr;
    stopping_ = true;
  }
  wake_.notify_all();
  if (conflater_.joinable()) conflater_.join();
  std::vector<expected> let_go;  // their readers detach: not with the mutex held
  std::lock_guard lock(mutex_);
  let_go.swap(expected_);
}

bool hub::is_ready() const {
  std::lock_guard lock(mutex_);
  return std::all_of(shards_.begin(), shards_.end(), [](const shard_state& s) { return s.known; });
}

bool hub::is_idle() const {
  std::lock_guard lock(mutex_);
  return std::all_of(boards_.begin(), boards_.end(), [](auto& b) { return b->is_empty(); });
}

position hub::now() const {
  std::lock_guard lock(mutex_);
  return position_;
}

hub::place hub::attach(io_thread& home, topic t, encoding as, std::shared_ptr<frame_taker> who) {
  auto key = t.key();
  boards_[home.number()]->expect(*who);
  std::lock_guard lock(mutex_);
  auto& a = audiences_[key];
  if (a.total == 0) {
    if (t.kind == topic_kind::agent || t.kind == topic_kind::team) ++narrow_audiences_;
    if (t.kind == topic_kind::insight) ++insight_audiences_;
    a.key = key;
    a.name_json = json_string(t.name);
    a.what = std::make_shared<const topic>(std::move(t));
    a.channel.assign(threads_.size(), 0);
    a.stream.assign(threads_.size(), 0);
  }
  ++(as == encoding::channel ? a.channel : a.stream)[home.number()];
  ++a.total;
  // Behind every frame up to here, before every frame after.
  outgoing_[home.number()].push_back({nullptr, std::move(who), std::move(key)});
  hand_out();
  return {position_, a.what};
}

void hub::detach(io_thread& home, const topic& t, encoding as, frame_taker& who) {
  auto key = t.key();
  boards_[home.number()]->remove(key, who);
  std::lock_guard lock(mutex_);
  auto it = audiences_.find(key);
  if (it == audiences_.end()) return;
  auto& a = it->second;
  --(as == encoding::channel ? a.channel : a.stream)[home.number()];
  if (--a.total != 0) return;
  if (a.what->kind == topic_kind::agent || a.what->kind == topic_kind::team) --narrow_audiences_;
  if (a.what->kind == topic_kind::insight) --insight_audiences_;
  audiences_.erase(it);
}

bool hub::has_reached(const position& at) const {
  return std::equal(at.begin(), at.end(), position_.begin(), position_.end(), std::less_equal<>());
}

void hub::when_at(position at, std::shared_ptr<io_thread> home, std::function<void()> then) {
  {
    std::lock_guard lock(mutex_);
    if (!has_reached(at) && expected_.size() < expected_max && !stopping_) {
      auto until = std::chrono::steady_clock::now() + config_.catch_up;
      expected_.push_back({std::move(at), until, std::move(home), std::move(then)});
      return wake();
    }
  }
  then();
}

// With the mutex held.
void hub::admit_expected() {
  if (expected_.empty()) return;
  auto now = std::chrono::steady_clock::now();
  std::erase_if(expected_, [&](expected& e) {
    if (now < e.until && !has_reached(e.at)) return false;
    e.home->post(std::move(e.then));
    return true;
  });
}

std::string hub::presence_state(const topic& t) const {
  std::lock_guard lock(mutex_);
  return people_.state(t.key());
}

// Numbers are drawn and told in one order.
std::uint64_t hub::arrive(const topic& t, const std::string& key, std::string_view fields) {
  std::lock_guard lock(mutex_);
  auto number = ++sessions_;
  auto ref = concat({"F", std::to_string(self_.value), "-", std::to_string(number)});
  present_session who{number, t.key(), key, concat({"{\"phx_ref\":\"", ref, "\",", fields, "}"})};
  if (!people_.arrive(self_, who)) return 0;
  if (config_.others) config_.others->came(std::move(who));
  wake();
  return number;
}

void hub::leave(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  if (!people_.leave(self_, number)) return;
  if (config_.others) config_.others->went(number);
  wake();
}

void hub::take_presence(const presence_news& news) {
  std::lock_guard lock(mutex_);
  if (news.to_before == presence_news::relation::replaces) {
    people_.leave_all(news.of);
    seats_.leave_all(news.of);
  }
  std::set<std::string> crowded;
  for (auto& who : news.came) {
    if (!seat_table::is_seat(who)) {
      people_.arrive(news.of, who);
      continue;
    }
    seats_.take(news.of, who);
    crowded.insert(who.key);
  }
  for (auto number : news.gone)
    if (!seats_.leave(news.of, number)) people_.leave(news.of, number);
  for (auto& key : crowded) close_beyond(key);
  wake();
}

result<seat> hub::take_seat(const principal& who) {
  if (who.connections_max == 0) return seat();
  std::lock_guard lock(mutex_);
  auto key = seat_table::key_of(who.org, who.key_id);
  if (seats_.taken(key) >= who.connections_max) {
    auto max = std::to_string(who.connections_max);
    return failure{errc::overloaded, concat({"live connections of this key, on all nodes: ", max, " of ", max,
                                             " (max_connections). Close one first"})};
  }
  auto number = ++sessions_;
  auto session = seat_table::session_of(number, who.org, who.key_id, now_us());
  seats_.take(self_, session);
  seats_.bound(key, who.connections_max);
  if (config_.others) config_.others->came(std::move(session));
  return seat(new std::uint64_t(number), [life = life_](const std::uint64_t* n) {
    std::unique_ptr<const std::uint64_t> owned(n);
    std::lock_guard held(life->mutex);
    if (life->owner) life->owner->leave_seat(*n);
  });
}

// With the mutex held.
void hub::leave_seat(std::uint64_t number) {
  if (seats_.leave(self_, number) && config_.others) config_.others->went(number);
}

// With the mutex held: another node may have let connections in at the same time.
void hub::close_beyond(const std::string& key) {
  for (auto number : seats_.beyond(key, self_))
    for (auto& t : threads_)
      t->post([t = t.get(), number] { t->for_each([number](connection& c) { c.seat_lost(number); }); });
}

// With the mutex held: there is something to conflate.
void hub::wake() {
  if (!std::exchange(news_, true)) wake_.notify_all();
}

const hub::audience* hub::find(std::string_view org, std::string_view name) const {
  std::string key(org);
  key.push_back('\0');
  key.append(name);
  auto it = audiences_.find(key);
  return it == audiences_.end() ? nullptr : &it->second;
}

// A push of events up to the list; send_events() ends it.
std::string hub::events_begin(const audience& to, shard_id shard, std::uint64_t last) const {
  auto out = channel_text_begin(to.name_json, "events");
  auto offset = to.what->kind == topic_kind::agent ? offset_text(shard, last) : offset_text(position_);
  out.append("{\"epoch\":\"").append(epoch_).append("\",\"offset\":\"").append(offset);
  return std::move(out.append("\",\"events\":["));
}

// The events are in 'text' from 'begin' on.
void hub::send_events(const audience& to, shard_id shard, std::uint64_t last, std::string text,
                      std::size_t begin) {
  auto f = std::make_shared<live_frame>();
  f->topic_key = to.key;
  f->shard = shard;
  f->last_seq = last;
  if (std::any_of(to.stream.begin(), to.stream.end(), [](auto n) { return n != 0; })) {
    auto offset = to.what->kind == topic_kind::agent ? offset_text(shard, last) : offset_text(position_);
    auto data = concat({"{\"events\":[", std::string_view(text).substr(begin), "]}"});
    f->stream =
        std::make_shared<const std::string>(stream_text(concat({epoch_, ":", offset}), "events", data));
  }
  f->list_at = begin - wire_frame::header_room;
  text.append(list_end);
  f->channel = std::make_shared<const wire_frame>(opcode::text, std::move(text));
  broadcast(to, std::move(f));
}

void hub::send_state(const audience& to, std::string_view event, std::string_view payload) {
  auto f = std::make_shared<live_frame>();
  f->topic_key = to.key;
  f->channel = channel_text(to.name_json, event, payload);
  broadcast(to, std::move(f));
}

void hub::broadcast(const audience& to, frame_ptr f) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (to.channel[i] == 0 && (to.stream[i] == 0 || !f->stream)) continue;
    outgoing_[i].push_back({f, nullptr});
  }
}

// With the mutex held, at the end of what moved the position and made the frames: one message for each I/O thread, or
// none if it has not yet come for the last.
void hub::hand_out() {
  admit_expected();
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (outgoing_[i].empty() || !boards_[i]->put(outgoing_[i])) continue;
    threads_[i]->post([this, board = boards_[i].get()] { board->deliver([this] { board_emptied(); }); });
  }
}

bool hub::is_crowded() const {
  return std::any_of(boards_.begin(), boards_.end(),
                     [this](auto& b) { return b->waiting_bytes() > config_.thread_bytes_max; });
}

// On an I/O thread.
void hub::board_emptied() {
  if (!starved_.load(std::memory_order_relaxed)) return;
  std::lock_guard lock(mutex_);
  if (is_crowded()) return;
  starved_ = false;
  retry_gaps();
}

// --- conflated topics

void hub::conflate() {
  auto next_figures = std::chrono::steady_clock::now() + config_.figures;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto next = next_figures;
    for (auto& e : expected_) next = std::min(next, e.until);
    wake_.wait_until(lock, next, [this] { return stopping_ || news_; });
    if (stopping_) return;
    // What comes within this span goes out together.
    auto until = std::chrono::steady_clock::now() + config_.conflate;
    wake_.wait_until(lock, until, [this] { return stopping_; });
    if (stopping_) return;
    news_ = false;
    reread_states();
    flush_agents();
    flush_dashboards();
    flush_insight();
    flush_presence();
    if (!is_crowded()) retry_gaps();
    if (std::chrono::steady_clock::now() >= next_figures) {
      next_figures = std::chrono::steady_clock::now() + config_.figures;
      flush_figures();
    }
    hand_out();
  }
}

void hub::flush_insight() {
  auto begin = "{\"epoch\":\"" + epoch_ + "\",\"offset\":\"" + offset_text(position_) + "\",";
  insight_.take([&](const std::string& org, insight_view view, const insight_news::change& c) {
    if (auto* to = find(org, insight_topics[static_cast<std::size_t>(view)]))
      send_state(*to, "changed", begin + c.json(view) + "}");
    if (view == insight_view::tokens && config_.tokens_changed) config_.tokens_changed(org);
  });
}

void hub::announce(std::string_view org, std::string_view name, std::string_view event,
                   std::string_view payload) {
  std::lock_guard lock(mutex_);
  auto* to = find(org, name);
  if (!to) return;
  send_state(*to, event, payload);
  hand_out();
}

void hub::flush_presence() {
  for (auto& [key, diff] : people_.take_diffs())
    if (auto it = audiences_.find(key); it != audiences_.end()) send_state(it->second, "presence_diff", diff);
}

void hub::flush_figures() {
  if (!config_.write_figures) return;
  std::string payload;
  for (auto& [key, a] : audiences_) {
    if (a.what->kind != topic_kind::system) continue;
    if (payload.empty()) payload = config_.write_figures();
    send_state(a, "stats", payload);
  }
}

}  // namespace troupe::http
