#include "http/live/presence.hpp"

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
    for (auto& [ref, meta] : metas) {
      if (!first) out.push_back(',');
      first = false;
      out.append(meta);
    }
    out.append("]}");
  }
  return out.append("}");
}

}  // namespace

bool presence_table::arrive(const std::string& topic_key, const presence_meta& who) {
  auto& here = topics_[topic_key];
  auto known = here.find(who.key);
  if (known == here.end() ? here.size() >= keys_max : known->second.size() >= metas_max) return false;
  here[who.key].emplace(who.ref, who.json);
  changed_[topic_key].joins[who.key].emplace(who.ref, who.json);
  return true;
}

bool presence_table::leave(const std::string& topic_key, const std::string& key, const std::string& ref) {
  auto at = topics_.find(topic_key);
  if (at == topics_.end()) return false;
  auto person = at->second.find(key);
  if (person == at->second.end()) return false;
  auto meta = person->second.extract(ref);
  if (!meta) return false;
  if (person->second.empty()) at->second.erase(person);
  if (at->second.empty()) topics_.erase(at);
  auto& news = changed_[topic_key];
  auto joined = news.joins.find(key);
  // Came and went between two diffs: nobody was told that it came.
  if (joined != news.joins.end() && joined->second.erase(ref) != 0) {
    if (joined->second.empty()) news.joins.erase(joined);
  } else {
    news.leaves[key].insert(std::move(meta));
  }
  return true;
}

std::string presence_table::state(const std::string& topic_key) const {
  auto at = topics_.find(topic_key);
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
