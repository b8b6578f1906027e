// A value or a failure that says what to do. For expected failures; a bug is must(...).
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "protocol/errc.hpp"
#include "protocol/must.hpp"

namespace troupe {

struct failure {
  errc code = errc::internal;
  std::string detail = {};                   // for people: what is wrong and what to do
  std::chrono::milliseconds retry_after{0};  // 0: trying again does not help
  std::string field = {};                    // the offending part of the request, if any
};

template <class T>
class result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}        // NOLINT
  result(failure error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  explicit operator bool() const noexcept { return state_.index() == 0; }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T& value() {
    must(state_.index() == 0, "value of a failed result");
    return std::get<0>(state_);
  }
  const T& value() const {
    must(state_.index() == 0, "value of a failed result");
    return std::get<0>(state_);
  }
  const failure& error() const {
    must(state_.index() == 1, "error of a good result");
    return std::get<1>(state_);
  }

 private:
  std::variant<T, failure> state_;
};

}  // namespace troupe
