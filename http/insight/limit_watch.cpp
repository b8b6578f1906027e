#include "http/insight/limit_watch.hpp"

#include <algorithm>

namespace troupe::http {

namespace {

constexpr std::chrono::milliseconds between{2000};

}  // namespace

void limit_watch::changed(const std::string& org) {
  home_->post([self = shared_from_this(), org] {
    self->orgs_[org].wanted = true;
    self->look();
  });
}

void limit_watch::stop() {
  home_->post([self = shared_from_this()] {
    self->stopped_ = true;
    self->pause_.cancel();
  });
}

void limit_watch::look() {
  if (stopped_) return;
  auto now = std::chrono::steady_clock::now();
  auto soonest = std::chrono::steady_clock::time_point::max();
  for (auto& [org, of] : orgs_) {
    if (!of.wanted || of.asking) continue;
    if (of.next <= now)
      ask(org, of);
    else
      soonest = std::min(soonest, of.next);
  }
  if (soonest == std::chrono::steady_clock::time_point::max()) return;
  pause_.expires_at(soonest);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec) self->look();
  });
}

void limit_watch::ask(const std::string& org, watched& of) {
  of.wanted = false;
  of.asking = true;
  of.next = std::chrono::steady_clock::now() + between;
  ask_limits(actors_, *home_, {org, consistency::local}, now_us(),
             [self = shared_from_this(), org](const result<std::vector<limit_standing>>& all) {
               self->orgs_[org].asking = false;
               if (all && !self->stopped_) self->tell(org, *all);
               self->look();
             });
}

void limit_watch::tell(const std::string& org, const std::vector<limit_standing>& all) {
  std::map<std::string, limit_state> states;
  auto& before = orgs_[org].states;
  for (auto& s : all) {
    auto known = before.find(s.limit.id);
    auto was = known == before.end() ? limit_state::ok : known->second;
    states[s.limit.id] = s.state;
    if (was == s.state) continue;
    std::string json;
    write_limit_json(s, json);
    announce_(org, json);
  }
  before = std::move(states);
}

}  // namespace troupe::http
