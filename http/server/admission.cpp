#include "http/server/admission.hpp"

namespace troupe::http {

bool admission::enter(const std::string& address) {
  std::lock_guard lock(mutex_);
  if (total_ >= total_max_) return false;
  auto& mine = by_address_[address];
  if (mine >= per_address_max_) return false;
  ++mine;
  ++total_;
  return true;
}

void admission::leave(const std::string& address) noexcept {
  std::lock_guard lock(mutex_);
  auto it = by_address_.find(address);
  if (it != by_address_.end() && --it->second == 0) by_address_.erase(it);
  --total_;
}

std::size_t admission::open() const {
  std::lock_guard lock(mutex_);
  return total_;
}

connection_ticket::connection_ticket(std::shared_ptr<admission> from, std::string address) {
  if (!from->enter(address)) return;
  from_ = std::move(from);
  address_ = std::move(address);
}

connection_ticket& connection_ticket::operator=(connection_ticket&& o) noexcept {
  if (this == &o) return *this;
  give_back();
  from_ = std::move(o.from_);
  address_ = std::move(o.address_);
  return *this;
}

void connection_ticket::give_back() noexcept {
  if (from_) from_->leave(address_);
  from_.reset();
}

}  // namespace troupe::http
