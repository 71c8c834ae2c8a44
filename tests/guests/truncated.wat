;; Is cut at every sixteenth.
;; bytes: sixteenths
;; says: truncated at byte
;; ends: rejected(truncated)


