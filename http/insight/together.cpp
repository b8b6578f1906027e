#include "http/insight/together.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace troupe::http {

namespace {

// Of one context: more would make more pairs than anyone can look at.
constexpr std::size_t members_max = 64;

}  // namespace

std::int64_t scaled(std::int64_t n, double rate) { return std::llround(static_cast<double>(n) / rate); }

pair_counts::partners pair_counts::all_partners(std::size_t max) const {
  partners out;
  for (auto& [pair, n] : pairs) {
    out[pair.first].emplace_back(pair.second, scaled(n));
    out[pair.second].emplace_back(pair.first, scaled(n));
  }
  for (auto& [name, found] : out) {
    std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.second > b.second; });
    if (found.size() > max) found.resize(max);
  }
  return out;
}

pair_counts items_together(const cell_table& contexts) {
  pair_counts out;
  out.rate = contexts.rate;
  std::map<std::string, std::set<std::string>> members;  // fields: context, agent, team, item
  for (auto& g : contexts.groups) {
    auto& m = members[g.names[0]];
    if (m.size() < members_max) m.insert(g.names[3]);
  }
  for (auto& [context, items] : members)
    for (auto a = items.begin(); a != items.end(); ++a) {
      ++out.alone[*a];
      for (auto b = std::next(a); b != items.end(); ++b) ++out.pairs[{*a, *b}];
    }
  return out;
}

std::map<std::string, std::vector<trace_part>> parts_by_trace(const cell_table& traces) {
  std::map<std::string, std::vector<trace_part>> out;  // fields: trace, agent, team
  for (auto& g : traces.groups) {
    auto& parts = out[g.names[0]];
    auto same = std::find_if(parts.begin(), parts.end(), [&](auto& p) { return p.agent == g.names[1]; });
    if (same != parts.end())
      same->figures.add(g.total);
    else if (parts.size() < members_max)
      parts.push_back({g.names[1], g.names[2], g.total});
  }
  for (auto& [trace, parts] : out)
    std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
      return a.figures.extent.first_us < b.figures.extent.first_us;
    });
  return out;
}

}  // namespace troupe::http
