#include "http/live/presence.hpp"

#include <algorithm>

#include "http/live/live_frame.hpp"

namespace troupe::http {

namespace {

template <class People>
std::string people_json(const People& people) {
  std::string out = "{";
  for (auto& [key, metas] : people) {
    if (out.size() > 1) out.push_back(',');
    out.append(json_string(key)).append(":{\"metas\":[");
    bool first = true;
    for (auto& [session, meta] : metas) {
      if (!first) out.push_back(',');
      first = false;
      out.append(meta);
    }
    out.append("]}");
  }
  return out.append("}");
}

}  // namespace

std::size_t presence_table::count(const std::map<session, std::string>& sessions, node_id of) {
  auto first = sessions.lower_bound({of, 0});
  std::size_t n = 0;
  while (first != sessions.end() && first->first.first == of) ++first, ++n;
  return n;
}

bool presence_table::has_room(const people& here, node_id of, const std::string& key) const {
  if (auto known = here.find(key); known != here.end())
    if (auto metas = count(known->second, of); metas != 0) return metas < metas_max;
  auto keys = std::count_if(here.begin(), here.end(), [&](auto& k) { return count(k.second, of) != 0; });
  return static_cast<std::size_t>(keys) < keys_max;
}

bool presence_table::arrive(node_id of, const present_session& who) {
  auto& here = topics_[who.topic];
  session s(of, who.number);
  if (!has_room(here, of, who.key) || !sessions_.try_emplace(s, place{who.topic, who.key}).second) {
    if (here.empty()) topics_.erase(who.topic);
    return false;
  }
  here[who.key].emplace(s, who.meta);
  changed_[who.topic].joins[who.key].emplace(s, who.meta);
  return true;
}

bool presence_table::leave(node_id of, std::uint64_t number) {
  session s(of, number);
  auto where = sessions_.extract(s);
  if (!where) return false;
  const auto& [topic, key] = where.mapped();
  auto at = topics_.find(topic);
  auto person = at->second.find(key);
  auto meta = person->second.extract(s);
  if (person->second.empty()) at->second.erase(person);
  if (at->second.empty()) topics_.erase(at);
  auto& news = changed_[topic];
  auto joined = news.joins.find(key);
  // Came and went between two diffs: nobody was told that it came.
  if (joined != news.joins.end() && joined->second.erase(s) != 0) {
    if (joined->second.empty()) news.joins.erase(joined);
  } else {
    news.leaves[key].insert(std::move(meta));
  }
  return true;
}

void presence_table::leave_all(node_id of) {
  for (auto it = sessions_.lower_bound({of, 0}); it != sessions_.end() && it->first.first == of;)
    leave(of, (it++)->first.second);
}

std::string presence_table::state(const std::string& topic) const {
  auto at = topics_.find(topic);
  return at == topics_.end() ? "{}" : people_json(at->second);
}

std::vector<std::pair<std::string, std::string>> presence_table::take_diffs() {
  std::vector<std::pair<std::string, std::string>> diffs;
  for (auto& [topic, c] : changed_)
    if (!c.joins.empty() || !c.leaves.empty())
      diffs.emplace_back(topic,
                         "{\"joins\":" + people_json(c.joins) + ",\"leaves\":" + people_json(c.leaves) + "}");
  changed_.clear();
  return diffs;
}

}  // namespace troupe::http
