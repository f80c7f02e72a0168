"""Tests of the register: kinds and types, files of schools, contacts and agencies, differences."""
