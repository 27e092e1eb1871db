// SPDX-License-Identifier: Apache-2.0
//
// Any octets as the body of a List-* field: URLs, list identifiers, and each URL as a URI. What is
// found must have the shape that its header promises.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/base/text.h"
#include "policy/message/list_headers.h"
#include "policy/message/uri.h"

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

std::string joined(const icm::Uri& uri) {
  std::string text = uri.scheme + ":";
  if (uri.has_authority) text += "//";
  if (uri.userinfo) text += *uri.userinfo + "@";
  text += uri.host;
  if (!uri.port.empty()) text += ":" + uri.port;
  text += uri.path;
  if (uri.query) text += "?" + *uri.query;
  if (uri.fragment) text += "#" + *uri.fragment;
  return text;
}

void check_uri(std::string_view text) {
  const auto uri = icm::Uri::parse(text);
  if (!uri) {
    expect(!uri.error().text.empty());
    return;
  }
  expect(uri->scheme == icm::scheme_of(text));
  const auto again = icm::Uri::parse(joined(*uri));
  expect(again && *again == *uri);
  for (const char c : joined(*uri)) expect(c > ' ' && c < 0x7f && c != '<' && c != '>');
  if (icm::check_https(*uri)) expect(uri->has_authority && !uri->host.empty());
  if (const auto mailboxes = icm::parse_mailto(*uri)) expect(!mailboxes->empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(octets), size);
  const icm::ListUrls list = icm::parse_list_urls(value);
  expect(!list.is_no || (list.urls.empty() && !list.fault));
  expect(list.is_no || list.fault || !list.urls.empty());
  for (const icm::ListUrl& url : list.urls) {
    expect(!url.text.empty());
    expect(url.text.find_first_of("<> \t\r\n") == std::string::npos);
    check_uri(url.text);
  }
  if (list.fault) expect(list.fault->offset <= size && !list.fault->text.empty());
  if (const auto id = icm::parse_list_id(value)) {
    expect(id->size() <= 255 && icm::is_dot_atom(*id));
    const auto again = icm::parse_list_id("<" + *id + ">");
    expect(again && *again == *id);
  }
  check_uri(value);
  return 0;
}
