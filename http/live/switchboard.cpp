#include "http/live/switchboard.hpp"

#include <algorithm>

namespace troupe::http {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds pause_max(5);
constexpr std::size_t push_bytes_max = 64 * 1024;  // of events put together

}  // namespace

bool switchboard::put(std::vector<parcel>& some) {
  std::lock_guard lock(mutex_);
  bool first = parcels_.empty();
  for (auto& p : some) {
    if (p.frame) bytes_ += p.frame->bytes();
    parcels_.push_back(std::move(p));
  }
  some.clear();
  return first;
}

bool switchboard::is_empty() const {
  std::lock_guard lock(mutex_);
  return parcels_.empty();
}

std::size_t switchboard::waiting_bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

void switchboard::deliver(std::function<void()> done) {
  auto now = clock::now();
  if (now < next_) {
    pause_.expires_at(next_);
    pause_.async_wait([this, done = std::move(done)](boost::system::error_code ec) mutable {
      if (!ec) deliver(std::move(done));
    });
    return;
  }
  deliver_all();
  home_.flush_dirty();
  auto end = clock::now();
  next_ = end + std::min<clock::duration>(end - now, pause_max);
  done();
}

void switchboard::deliver_all() {
  std::vector<parcel> taken;
  {
    std::lock_guard lock(mutex_);
    taken.swap(parcels_);
    bytes_ = 0;
  }
  // Events of one topic go out as one push. They are held back at most to the next newcomer or state of theirs.
  std::vector<group> groups;
  std::unordered_map<std::string_view, std::size_t> open;
  for (auto& p : taken) {
    if (!p.frame) {
      go_round(groups);
      open.clear();
      if (p.newcomer->place_ == frame_taker::coming)
        add(p.topic_key, *p.newcomer);  // else it has left already
      continue;
    }
    auto bytes = p.frame->bytes();
    bool is_list = p.frame->list_at != 0;
    auto known = open.find(p.frame->topic_key);
    if (is_list && known != open.end() && groups[known->second].bytes + bytes <= push_bytes_max) {
      auto& g = groups[known->second];
      g.bytes += bytes;
      g.frames.push_back(std::move(p.frame));
      continue;
    }
    if (is_list) {
      open[p.frame->topic_key] = groups.size();
    } else if (known != open.end()) {
      open.erase(known);
    }
    groups.push_back({{std::move(p.frame)}, bytes});
  }
  go_round(groups);
}

void switchboard::go_round(std::vector<group>& groups) {
  for (auto& g : groups) go_round(g.frames);
  groups.clear();
}

void switchboard::add(const std::string& key, frame_taker& who) {
  auto& places = lines_[key].places;
  who.place_ = static_cast<std::uint32_t>(places.size());
  places.push_back(&who);
}

void switchboard::remove(const std::string& key, frame_taker& who) {
  auto place = who.place_;
  who.place_ = frame_taker::nowhere;
  auto it = lines_.find(key);
  if (place >= frame_taker::coming || it == lines_.end()) return;
  auto& places = it->second.places;
  places[place] = nullptr;
  if (it->second.going_round != 0) {
    it->second.has_gaps = true;
    return;
  }
  places[place] = places.back();
  if (places[place]) places[place]->place_ = place;
  places.pop_back();
  if (places.empty()) lines_.erase(it);
}

void switchboard::go_round(std::span<const frame_ptr> frames) {
  auto it = lines_.find(frames.front()->topic_key);
  if (it == lines_.end()) return;
  delivery d(frames);
  ++it->second.going_round;
  for (std::size_t i = 0; i < it->second.places.size(); ++i)
    if (auto* who = it->second.places[i]) who->take(d);
  --it->second.going_round;
  tidy(it);
}

void switchboard::tidy(lines::iterator it) {
  auto& l = it->second;
  if (l.going_round != 0 || !std::exchange(l.has_gaps, false)) return;
  std::erase(l.places, nullptr);
  if (l.places.empty()) {
    lines_.erase(it);
    return;
  }
  for (std::uint32_t i = 0; i < l.places.size(); ++i) l.places[i]->place_ = i;
}

}  // namespace troupe::http
