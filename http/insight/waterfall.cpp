#include "http/insight/waterfall.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace troupe::http {

namespace {

constexpr std::size_t none = SIZE_MAX;

// The part of [start, end) that no interval covers.
std::int64_t uncovered(std::int64_t start, std::int64_t end,
                       std::vector<std::pair<std::int64_t, std::int64_t>> by) {
  std::sort(by.begin(), by.end());
  std::int64_t covered = 0, at = start;
  for (auto& [from, to] : by) {
    auto begin = std::max(from, at), finish = std::min(to, end);
    if (finish <= begin) continue;
    covered += finish - begin;
    at = finish;
  }
  return end - start - covered;
}

class layout {
 public:
  explicit layout(std::vector<trace_span> spans) : spans_(std::move(spans)) {
    std::stable_sort(spans_.begin(), spans_.end(), [](auto& a, auto& b) {
      return std::pair{a.start_us, -a.end_us} < std::pair{b.start_us, -b.end_us};
    });
    find_parents();
  }

  std::vector<trace_span> run() {
    for (std::size_t i = 0; i < spans_.size(); ++i)
      if (parents_[i] == none) draw(i);
    return std::move(drawn_);
  }

 private:
  // Of several events of one span the longest one stands for it.
  void find_parents() {
    std::map<std::string_view, std::size_t> by_id;
    auto length = [&](std::size_t i) { return spans_[i].end_us - spans_[i].start_us; };
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      if (spans_[i].span_id.empty()) continue;
      auto [at, is_new] = by_id.try_emplace(spans_[i].span_id, i);
      if (!is_new && length(i) > length(at->second)) at->second = i;
    }
    parents_.assign(spans_.size(), none);
    children_.resize(spans_.size());
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      auto at = spans_[i].parent_span_id.empty() ? by_id.end() : by_id.find(spans_[i].parent_span_id);
      if (at != by_id.end() && !leads_to(at->second, i)) parents_[i] = at->second;
    }
    for (std::size_t i = 0; i < spans_.size(); ++i)
      if (parents_[i] != none) children_[parents_[i]].push_back(i);
  }
  bool leads_to(std::size_t from, std::size_t to) const {
    for (auto at = from; at != none; at = parents_[at])
      if (at == to) return true;
    return false;
  }

  // Without recursion: traces can be deep.
  void draw(std::size_t root) {
    struct open {
      std::size_t span, depth;
      std::optional<std::size_t> parent;
    };
    std::vector<open> stack{{root, 0, {}}};
    while (!stack.empty()) {
      auto at = stack.back();
      stack.pop_back();
      auto& s = spans_[at.span];
      s.depth = at.depth;
      s.parent = at.parent;
      s.across_agents = at.parent && drawn_[*at.parent].agent != s.agent;
      std::vector<std::pair<std::int64_t, std::int64_t>> covered;
      for (auto child : children_[at.span])
        covered.emplace_back(spans_[child].start_us, spans_[child].end_us);
      s.self_us = uncovered(s.start_us, s.end_us, std::move(covered));
      auto place = drawn_.size();
      drawn_.push_back(s);
      auto& children = children_[at.span];
      for (auto child = children.rbegin(); child != children.rend(); ++child)
        stack.push_back({*child, at.depth + 1, place});
    }
  }

  std::vector<trace_span> spans_, drawn_;
  std::vector<std::size_t> parents_;
  std::vector<std::vector<std::size_t>> children_;
};

}  // namespace

std::vector<trace_span> lay_out(std::vector<trace_span> spans) { return layout(std::move(spans)).run(); }

}  // namespace troupe::http
