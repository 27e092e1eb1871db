// SPDX-License-Identifier: Apache-2.0
//
// What the doctor says of one thing it looked at. Everything it can say is in catalogue.inc, under
// an id that stays; what it is about and what was found differs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace icm::ctl::doctor {

enum class Grade {
  ok,       // as it should be
  note,     // worth knowing; nothing has to be done
  warning,  // works, and will cost mail or reputation some day
  fault,    // mail is lost, refused or unjudged
};
std::string_view to_string(Grade grade);

// One entry of the catalogue.
struct Known {
  std::string_view id;  // "egress.reverse-missing": the area, a dot, words
  Grade grade = Grade::fault;
  std::string_view follows;  // what it leads to; empty for ok
  std::string_view remedy;   // what to do about it, in general; empty for ok

  constexpr std::string_view area() const { return id.substr(0, id.find('.')); }
};

inline constexpr Known catalogue[] = {
#define ICM_DIAGNOSIS(id, grade, follows, remedy) {id, Grade::grade, follows, remedy},
#include "milter/ctl/doctor/catalogue.inc"
#undef ICM_DIAGNOSIS
};

// The areas in the order of the catalogue, which is the order of the examination.
std::vector<std::string_view> areas();

// An id of the catalogue; any other text does not compile.
class Id {
 public:
  consteval Id(const char* text) : known_(&find(text)) {}
  const Known& known() const { return *known_; }

 private:
  static consteval const Known& find(std::string_view text) {
    for (const Known& known : catalogue) {
      if (known.id == text) return known;
    }
    throw "this id is not in catalogue.inc";
  }
  const Known* known_;
};

struct Diagnosis {
  const Known* known = nullptr;  // never null
  std::string subject;           // a domain, an address, a service; empty: there is but one
  std::string evidence;          // what was found; may quote what others wrote: print it clean
  std::string remedy;            // the very line or record; empty: that of the catalogue

  std::string_view remedy_text() const {
    return remedy.empty() ? known->remedy : std::string_view(remedy);
  }
  bool operator==(const Diagnosis&) const = default;
};
using Diagnoses = std::vector<Diagnosis>;

inline Diagnosis found(Id id, std::string subject, std::string evidence, std::string remedy = {}) {
  return {.known = &id.known(),
          .subject = std::move(subject),
          .evidence = std::move(evidence),
          .remedy = std::move(remedy)};
}

// Adds what is not among them already: two ways to one fault are one fault.
void add(Diagnoses& to, Diagnosis one);
void add(Diagnoses& to, Diagnoses more);

// Whether nothing is worse than a note.
bool is_healthy(const Diagnoses& diagnoses);

}  // namespace icm::ctl::doctor
