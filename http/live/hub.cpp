#include "http/live/hub.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::http {

// Readers of one thread by topic. A reader that leaves while a frame goes round leaves an empty place, which is removed
// afterwards, so that taking a frame may close readers.
struct hub::switchboard {
  struct place {
    frame_taker* who = nullptr;
  };
  struct line {
    std::vector<place> places;
    int going_round = 0;
  };
  std::unordered_map<std::string, line> lines;

  void add(const std::string& key, frame_taker& who) { lines[key].places.push_back({&who}); }

  void remove(const std::string& key, frame_taker& who) {
    auto it = lines.find(key);
    if (it == lines.end()) return;
    for (auto& p : it->second.places)
      if (p.who == &who) p.who = nullptr;
    tidy(it);
  }

  void deliver(const frame_ptr& f) {
    auto it = lines.find(f->topic_key);
    if (it == lines.end()) return;
    ++it->second.going_round;
    // By index: a reader that joins meanwhile gets the frame too, and drops it by its number.
    for (std::size_t i = 0; i < it->second.places.size(); ++i)
      if (auto* who = it->second.places[i].who) who->take(f);
    --it->second.going_round;
    tidy(it);
  }

 private:
  void tidy(std::unordered_map<std::string, line>::iterator it) {
    if (it->second.going_round != 0) return;
    std::erase_if(it->second.places, [](const place& p) { return p.who == nullptr; });
    if (it->second.places.empty()) lines.erase(it);
  }
};

hub::hub(hub_config config, client& data, std::vector<std::shared_ptr<io_thread>> threads)
    : config_(std::move(config)),
      data_(data),
      threads_(std::move(threads)),
      epoch_(epoch_text(data.history())),
      position_(data.shard_count(), 0),
      shards_(data.shard_count()) {
  life_->owner = this;
  for (std::size_t i = 0; i < threads_.size(); ++i) boards_.push_back(std::make_unique<switchboard>());
}

hub::~hub() { stop(); }

void hub::start() {
  feed_ = data_.subscribe([this](std::shared_ptr<const std::string> feed) { on_feed(std::move(feed)); });
  conflater_ = std::thread([this] { conflate(); });
}

void hub::stop() {
  feed_.reset();
  {
    std::lock_guard lock(mutex_);
    life_->owner = nullptr;
    stopping_ = true;
  }
  wake_.notify_all();
  if (conflater_.joinable()) conflater_.join();
}

bool hub::is_ready() const {
  std::lock_guard lock(mutex_);
  return std::all_of(shards_.begin(), shards_.end(), [](const shard_state& s) { return s.known; });
}

position hub::now() const {
  std::lock_guard lock(mutex_);
  return position_;
}

position hub::attach(io_thread& home, const topic& t, encoding as, frame_taker& who) {
  auto key = t.key();
  boards_[home.number()]->add(key, who);
  std::lock_guard lock(mutex_);
  auto& a = audiences_[key];
  if (a.total == 0) {
    a.what = t;
    a.channel.assign(threads_.size(), 0);
    a.stream.assign(threads_.size(), 0);
  }
  ++(as == encoding::channel ? a.channel : a.stream)[home.number()];
  ++a.total;
  return position_;
}

void hub::detach(io_thread& home, const topic& t, encoding as, frame_taker& who) {
  auto key = t.key();
  boards_[home.number()]->remove(key, who);
  std::lock_guard lock(mutex_);
  auto it = audiences_.find(key);
  if (it == audiences_.end()) return;
  auto& a = it->second;
  --(as == encoding::channel ? a.channel : a.stream)[home.number()];
  if (--a.total == 0) audiences_.erase(it);
}

std::string hub::presence_state(const topic& t) const {
  std::lock_guard lock(mutex_);
  return presence_.state(t.key());
}

void hub::arrive(const topic& t, presence_meta who) {
  std::lock_guard lock(mutex_);
  if (presence_.arrive(t.key(), who)) wake_.notify_all();
}

void hub::leave(const topic& t, const presence_meta& who) {
  std::lock_guard lock(mutex_);
  if (presence_.leave(t.key(), who)) wake_.notify_all();
}

const hub::audience* hub::find(std::string_view org, std::string_view name) const {
  std::string key(org);
  key.push_back('\0');
  key.append(name);
  auto it = audiences_.find(key);
  return it == audiences_.end() ? nullptr : &it->second;
}

void hub::send_events(const audience& to, shard_id shard, std::uint64_t last, std::string_view events) {
  auto offset = to.what.kind == topic_kind::agent ? offset_text(shard, last) : offset_text(position_);
  auto f = std::make_shared<live_frame>();
  f->topic_key = to.what.key();
  f->shard = shard;
  f->last_seq = last;
  std::string payload = "{\"epoch\":\"" + epoch_ + "\",\"offset\":\"" + offset + "\",\"events\":[";
  payload.append(events).append("]}");
  f->channel = std::make_shared<const std::string>(channel_text(to.what.name, "events", payload));
  if (std::any_of(to.stream.begin(), to.stream.end(), [](auto n) { return n != 0; })) {
    std::string data = "{\"events\":[";
    data.append(events).append("]}");
    f->stream = std::make_shared<const std::string>(stream_text(epoch_ + ":" + offset, "events", data));
  }
  broadcast(to, std::move(f));
}

void hub::send_state(const audience& to, std::string_view event, std::string_view payload) {
  auto f = std::make_shared<live_frame>();
  f->topic_key = to.what.key();
  f->channel = std::make_shared<const std::string>(channel_text(to.what.name, event, payload));
  broadcast(to, std::move(f));
}

void hub::broadcast(const audience& to, frame_ptr f) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (to.channel[i] == 0 && (to.stream[i] == 0 || !f->stream)) continue;
    threads_[i]->post([board = boards_[i].get(), f] { board->deliver(f); });
  }
}

// --- conflated topics

void hub::conflate() {
  auto next_figures = std::chrono::steady_clock::now() + config_.figures;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_until(lock, next_figures);
    if (stopping_) return;
    // What comes within this span goes out together.
    auto until = std::chrono::steady_clock::now() + config_.conflate;
    wake_.wait_until(lock, until, [this] { return stopping_; });
    if (stopping_) return;
    flush_agents();
    flush_presence();
    retry_gaps();
    if (std::chrono::steady_clock::now() < next_figures) continue;
    next_figures = std::chrono::steady_clock::now() + config_.figures;
    flush_figures();
  }
}

void hub::flush_agents() {
  for (auto& [org, agents] : changed_agents_) {
    auto* everyone = find(org, "agents");
    std::string list;
    for (auto& [id, json] : agents) {
      if (everyone) list.append(list.empty() ? "" : ",").append(json);
      if (auto* one = find(org, "agent:" + id)) send_state(*one, "agent", "{\"agent\":" + json + "}");
    }
    if (everyone)
      send_state(*everyone, "agents",
                 "{\"epoch\":\"" + epoch_ + "\",\"offset\":\"" + offset_text(position_) + "\",\"agents\":[" +
                     list + "]}");
  }
  changed_agents_.clear();
}

void hub::flush_presence() {
  for (auto& [key, diff] : presence_.take_diffs())
    if (auto it = audiences_.find(key); it != audiences_.end()) send_state(it->second, "presence_diff", diff);
}

void hub::flush_figures() {
  if (!config_.write_figures) return;
  std::string payload;
  for (auto& [key, a] : audiences_) {
    if (a.what.kind != topic_kind::system) continue;
    if (payload.empty()) payload = config_.write_figures();
    send_state(a, "stats", payload);
  }
}

}  // namespace troupe::http
