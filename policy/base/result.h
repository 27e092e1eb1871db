// SPDX-License-Identifier: Apache-2.0
//
// Result<T>: a value, or the reason why there is none. An outcome such as "SPF fail" is a value;
// an Error is what kept us from finding an outcome.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <tl/expected.hpp>

namespace icm {

enum class Code {
  temporary,  // may succeed when tried again: DNS timeout, locked database
  permanent,  // will not succeed however often it is tried
  syntax,     // the input is not what its grammar demands
  config,     // an administrator has to change something
  internal,   // a bug of ours
};

// `text` says where, what was found and what was expected, for the person who must act on it.
// It may quote untrusted input: whoever prints it passes it through the function of that door.
struct Error {
  Code code = Code::internal;
  std::string text;
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

// A Result that carries no value, only "done" or why not.
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Code code, std::string text) {
  return tl::make_unexpected(Error{code, std::move(text)});
}

// Hands an Error on with the place where it happened in front: "place: text".
[[nodiscard]] inline tl::unexpected<Error> fail_at(std::string_view place, const Error& error) {
  return tl::make_unexpected(Error{error.code, fmt::format("{}: {}", place, error.text)});
}

}  // namespace icm

#define ICM_CONCAT_INNER(a, b) a##b
#define ICM_CONCAT(a, b) ICM_CONCAT_INNER(a, b)

// ICM_TRY(declaration, expression): declares a variable from the value of a Result, or returns its
// Error from the enclosing function.
#define ICM_TRY(declaration, expression) \
  ICM_TRY_INNER(ICM_CONCAT(icm_result_, __LINE__), declaration, expression)
#define ICM_TRY_INNER(result, declaration, expression)                      \
  auto result = (expression);                                               \
  if (!result) return tl::make_unexpected(std::move(result).error());       \
  declaration = *std::move(result)

// ICM_CHECK(expression): returns the Error of a Status, goes on when there is none.
#define ICM_CHECK(expression)                                                               \
  do {                                                                                      \
    auto icm_status = (expression);                                                         \
    if (!icm_status) return tl::make_unexpected(std::move(icm_status).error());             \
  } while (false)
