#include "http/insight/together.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::http {

namespace {

// Of one context: more would make more pairs than anyone can look at.
constexpr std::ptrdiff_t members_max = 64;

}  // namespace

std::int64_t scaled(std::int64_t n, double rate) { return std::llround(static_cast<double>(n) / rate); }

item_pairs::partners item_pairs::partners_of(const std::set<std::string>& of, std::size_t max) const {
  partners out;
  std::vector<std::vector<std::pair<std::string, std::int64_t>>*> wanted(names.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    if (of.contains(names[i])) wanted[i] = &out[names[i]];
  for (auto& [a, b, n] : pairs) {
    if (wanted[a]) wanted[a]->emplace_back(names[b], scaled(n));
    if (wanted[b]) wanted[b]->emplace_back(names[a], scaled(n));
  }
  for (auto& [name, found] : out) {
    std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.second > b.second; });
    if (found.size() > max) found.resize(max);
  }
  return out;
}

item_pairs items_together(cell_table& contexts) {
  item_pairs out;
  out.rate = contexts.rate;
  out.names = std::move(contexts.member_names);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> met;
  auto& members = contexts.members;
  for (auto from = members.begin(); from != members.end();) {
    auto end = std::find_if(from, members.end(), [&](auto& m) { return m.of != from->of; });
    auto last = from + std::min<std::ptrdiff_t>(end - from, members_max);
    for (auto a = from; a != last; ++a)
      for (auto b = a + 1; b != last; ++b) met.emplace_back(a->name, b->name);
    from = end;
  }
  std::sort(met.begin(), met.end());
  for (auto& [a, b] : met) {
    if (out.pairs.empty() || out.pairs.back().a != a || out.pairs.back().b != b)
      out.pairs.push_back({a, b, 0});
    ++out.pairs.back().count;
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
    else if (std::ssize(parts) < members_max)
      parts.push_back({g.names[1], g.names[2], g.total});
  }
  for (auto& [trace, parts] : out)
    std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
      return a.figures.extent.first_us < b.figures.extent.first_us;
    });
  return out;
}

}  // namespace troupe::http
