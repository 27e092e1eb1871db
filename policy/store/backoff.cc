// SPDX-License-Identifier: Apache-2.0
#include "policy/store/backoff.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/clock.h"
#include "policy/base/domain.h"
#include "policy/base/ip_address.h"
#include "policy/base/keyed_hash.h"
#include "policy/base/mailbox.h"
#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::chrono::seconds freshness{1};
constexpr std::chrono::seconds retry{5};            // while the book is away
constexpr std::chrono::milliseconds patience{250};  // of the mail that finds the view old

Result<std::string> expected(std::string_view what, std::string_view text) {
  return fail(Code::syntax, fmt::format("expected {}, got \"{}\"", what, for_log(text)));
}

bool is_form(std::string_view text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_person_word(std::string_view text) {
  return text.starts_with('~') && is_form(text.substr(1));
}

// What is behind a domain or a form: nothing, or whose mail is meant.
std::string_view take_person(std::string_view& text) {
  const std::size_t begin = text.rfind('~');
  if (begin == std::string_view::npos || !is_person_word(text.substr(begin))) return {};
  const std::string_view person = text.substr(begin);
  text = text.substr(0, begin);
  return person;
}

const KeyedHash& person_hash() {
  static const KeyedHash hash({0x69636d2d74687274, 0x6f74746c652d3031});
  return hash;
}

}  // namespace

std::string person_word(std::string_view person) {
  return fmt::format("~{:016x}", person_hash()(lower_ascii(person)));
}

std::string_view to_string(BackoffKind kind) {
  switch (kind) {
    case BackoffKind::pause:
      return "pause";
    case BackoffKind::slow:
      return "slow";
    case BackoffKind::recipient:
      return "recipient";
    case BackoffKind::from_domain:
      return "domain";
    case BackoffKind::mail_template:
      return "template";
  }
  return "invalid";
}

std::optional<BackoffKind> backoff_kind(std::string_view name) {
  for (const BackoffKind kind : all_backoff_kinds) {
    if (to_string(kind) == name) return kind;
  }
  return std::nullopt;
}

Result<std::string> backoff_subject(BackoffKind kind, std::string_view text) {
  switch (kind) {
    case BackoffKind::pause:
    case BackoffKind::slow: {
      if (text == every_egress) return std::string(text);
      const auto address = IpAddress::parse(text);
      if (!address) return expected("an address that mail leaves from, or all", text);
      return address->text();
    }
    case BackoffKind::recipient: {
      if (is_person_word(text)) return std::string(text);
      const auto mailbox = Mailbox::parse(text);
      if (!mailbox) return expected("a recipient's address", text);
      return person_word(mailbox->key());
    }
    case BackoffKind::from_domain: {
      const std::string_view person = take_person(text);
      const auto domain = Domain::parse(text);
      if (!domain) return expected("a domain", text);
      return domain->text() + std::string(person);
    }
    case BackoffKind::mail_template: {
      const std::string_view person = take_person(text);
      const std::string form = lower_ascii(text);
      if (!is_form(form)) return expected("16 hexadecimal digits", text);
      return form + std::string(person);
    }
  }
  return expected("a kind", text);
}

namespace {

std::pair<BackoffKind, std::string_view> place_of(const Backoff& backoff) {
  return {backoff.kind, backoff.subject};
}

}  // namespace

Backoffs::Backoffs(std::vector<Backoff> all) : all_(std::move(all)) {
  std::ranges::sort(all_, {}, place_of);
}

const Backoff* Backoffs::find(BackoffKind kind, std::string_view subject, WallTime now) const {
  const auto place = std::ranges::lower_bound(all_, std::pair(kind, subject), {}, place_of);
  if (place == all_.end() || place->kind != kind || place->subject != subject) return nullptr;
  return !place->until || *place->until > now ? &*place : nullptr;
}

bool Backoffs::has(BackoffKind kind) const {
  const auto place = std::ranges::lower_bound(all_, kind, {}, &Backoff::kind);
  return place != all_.end() && place->kind == kind;
}

namespace {

// Few, and all mail hangs on them; what holds for one recipient, domain or form is in the book.
bool is_for_all_mail(const Backoff& backoff, WallTime now) {
  const bool is_kind = backoff.kind == BackoffKind::pause || backoff.kind == BackoffKind::slow;
  return is_kind && (!backoff.until || *backoff.until > now);
}

std::string told(const Backoff& backoff) {
  const std::string what = backoff.kind == BackoffKind::pause
                               ? "nothing leaves"
                               : fmt::format("{} percent of each limit is left", backoff.percent);
  const std::string by = backoff.subject == every_egress
                             ? "by any address"
                             : fmt::format("by {}", for_log(backoff.subject));
  const std::string until = backoff.until ? to_rfc3339(*backoff.until) : "it is resumed";
  return fmt::format("throttle: {} {} until {}; {}: {}", what, by, until, for_log(backoff.by),
                     for_log(backoff.why));
}

// What has begun and what was taken back, so that the log tells who held the mail, and when.
std::vector<std::string> changes(const Backoffs& before, const Backoffs& after, WallTime now) {
  std::vector<std::string> told_of;
  for (const Backoff& one : after.all()) {
    if (!is_for_all_mail(one, now)) continue;
    const Backoff* const known = before.find(one.kind, one.subject, now);
    if (known == nullptr || *known != one) told_of.push_back(told(one));
  }
  for (const Backoff& one : before.all()) {
    if (!is_for_all_mail(one, now) || after.find(one.kind, one.subject, now) != nullptr) continue;
    told_of.push_back(fmt::format("throttle: what {} had {} {} was taken back", for_log(one.by),
                                  one.kind == BackoffKind::pause ? "paused" : "slowed",
                                  for_log(one.subject)));
  }
  return told_of;
}

}  // namespace

BackoffView::BackoffView(std::unique_ptr<BackoffBook> book, NoticeBoard& notices,
                         std::shared_ptr<const Backoffs> known)
    : book_(std::move(book)), notices_(notices), state_(State{.known = std::move(known)}) {}

std::shared_ptr<const Backoffs> BackoffView::known() const {
  return state_.with([](const State& state) { return state.known; });
}

// One asks, the others take what is known meanwhile.
std::shared_ptr<const Backoffs> BackoffView::now() {
  const auto time = Deadline::Time::now();
  bool is_ours_to_ask = false;
  auto known = state_.with([&](State& state) {
    is_ours_to_ask = time >= state.next;
    if (is_ours_to_ask) state.next = time + retry;
    return state.known;
  });
  if (!is_ours_to_ask) return known;
  read(Deadline::in(patience));
  return this->known();
}

void BackoffView::read(Deadline deadline) {
  const auto time = Deadline::Time::now();
  auto all = book_->all(deadline);
  const WallTime now = SystemClock().now();
  std::vector<std::string> notices;
  state_.with([&](State& state) {
    if (all) {
      auto after = std::make_shared<const Backoffs>(*std::move(all));
      notices = changes(state.known == nullptr ? Backoffs() : *state.known, *after, now);
      state.known = std::move(after);
      state.next = time + freshness;
      if (state.is_away) notices.emplace_back("throttle: pauses and slowdowns can be read again");
    } else {
      state.next = time + retry;
      if (!state.is_away) {
        notices.push_back(fmt::format("throttle: {}; {}", all.error().text,
                                      state.known == nullptr
                                          ? "what is paused is not known, and throttle.on_error "
                                            "says whether mail waits until it is"
                                          : "the pauses and slowdowns known last stay in force"));
      }
    }
    state.is_away = !all;
  });
  for (const std::string& notice : notices) notices_.say(notice);
}

}  // namespace icm
