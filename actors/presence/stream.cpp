#include "actors/presence/stream.hpp"

#include <utility>

namespace troupe {

namespace {

constexpr std::size_t message_sessions_max = 1'000, message_bytes_max = 256 * 1024;
constexpr std::size_t gone_max = 10'000;

}  // namespace

void presence_roster::came(present_session who) {
  if (here_.size() < present_sessions_max) here_.emplace(who.number, std::move(who));
}

void presence_stream::went(std::uint64_t number) {
  if (number > told_upto_) return;
  gone_.push_back(number);
  if (gone_.size() > gone_max) begin_anew();
}

std::optional<presence_message> presence_stream::next(const presence_roster& roster) {
  if (is_under_way_) return std::nullopt;
  presence_message m{stream_, number_, {}, std::exchange(gone_, {})};
  std::size_t bytes = 0;
  auto& here = roster.here();
  for (auto who = here.upper_bound(told_upto_); who != here.end(); ++who) {
    auto& s = who->second;
    bytes += s.topic.size() + s.key.size() + s.meta.size();
    if (!m.came.empty() && (m.came.size() >= message_sessions_max || bytes > message_bytes_max)) break;
    m.came.push_back(s);
    told_upto_ = s.number;
  }
  if (number_ != 0 && m.came.empty() && m.gone.empty()) return std::nullopt;
  is_under_way_ = true;
  return m;
}

void presence_stream::acknowledged(std::uint64_t stream) {
  if (stream != stream_) return;
  is_under_way_ = false;
  ++number_;
}

void presence_stream::failed(std::uint64_t stream) {
  if (stream == stream_) begin_anew();
}

void presence_stream::begin_anew() {
  stream_ = ++streams_;
  number_ = told_upto_ = 0;
  gone_.clear();
  is_under_way_ = false;
}

std::optional<presence_news> presence_ear::take(node_id from, presence_message m) {
  bool begins = m.number == 0;
  if (!begins && (m.stream != stream_ || m.number != next_)) return std::nullopt;
  stream_ = m.stream;
  next_ = m.number + 1;
  auto relation = begins ? presence_news::relation::replaces : presence_news::relation::follows;
  return presence_news{from, relation, std::move(m.came), std::move(m.gone)};
}

}  // namespace troupe
