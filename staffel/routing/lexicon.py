"""The words that the rules look for, by language. `stem/e/en` is short for the stem with each ending."""

from enum import StrEnum

from staffel.routing.language import Language
from staffel.routing.task_names import TaskType


class Sign(StrEnum):
    """What an indicator word is a sign of. One strong code word tells code, weak ones only together."""

    COMPLEXITY = "complexity"
    SIMPLICITY = "simplicity"
    REASONING = "reasoning"
    CODE = "code"
    WEAK_CODE = "weak code"


_CODE = """
    python, javascript, typescript, java, kotlin, golang, sql, postgres, postgresql, sqlite, html,
    css, bash, powershell, regex, regexp, numpy, pandas, django, flask, fastapi, react, node.js,
    docker, dockerfile, kubernetes, pytest, mypy, stack trace, stacktrace, traceback,
    nullpointerexception, keyerror, typeerror, segfault, unit test, unit tests, pull request,
    refactor/ing"""

_WEAK_CODE = """
    code, bug, bugs, api, json, xml, yaml, array, string, boolean, debug, script, framework,
    frontend, backend"""

INDICATORS: dict[Language, dict[Sign, str]] = {
    Language.GERMAN: {
        Sign.COMPLEXITY: """
            komplex//e/er/es/en, komplexität, kompliziert//e/er/es/en, schwierig//e/er/es/en,
            mehrstufig//e/er/es/en, umfassend//e/er/es/en, ausführlich//e/er/es/en,
            detailliert//e/er/es/en, tiefgehend//e/er/es/en, optimier/e/en/t/ung, architektur,
            gesamtarchitektur, skalierbar//e/er/es/en, verteilt/e/er/es/en, nebenläufig//e/er/es/en,
            nebenläufigkeit, deadlock, deadlocks, race condition, race conditions, algorithmus,
            algorithmen, laufzeitkomplexität, invariante, invarianten, nebenbedingung, nebenbedingungen,
            randfall, randfälle, randfällen, abwägung, abwägungen, zielkonflikt, zielkonflikte, strategie,
            strategien, beweis//e/en, beweise, widerspruch, widersprüche, induktion, theorem,
            wahrscheinlichkeit, gleichungssystem, differentialgleichung, formale verifikation,
            formalen verifikation, unter berücksichtigung, alle fälle, sicherheitslücke,
            sicherheitslücken, entwirf, entwerfen, konzipier/e/en""",
        Sign.SIMPLICITY: """
            einfach//e/er/es/en, kurz//e/er/es/en, knapp//e/er/es/en, simpel, simple/n,
            trivial//e/er/es/en, ein satz, einem satz, einen satz, ein wort, einem wort,
            ein einziges wort, stichpunkt, stichpunkte, stichpunkten, stichwort, stichworte, ja oder nein,
            nur die antwort, nur das ergebnis, grob//e/er/es/en, überblick""",
        Sign.REASONING: """
            warum, wieso, weshalb, begründ/e/en/et/ung/ungen, erklär/e/en/t/ung, erläuter/e/n/t/ung,
            schlussfolger/e/n/t/ung/ungen, folger/e/n/t/ung/ungen, schließe daraus, schließen daraus,
            leite her, herleit/en/ung, beurteil/e/en/ung, argument, argumente, argumentier/e/en/t,
            schritt für schritt, vor- und nachteile, vor und nachteile, ursache, ursachen, zusammenhang,
            zusammenhänge, daraus folgt, was wäre wenn, angenommen, unter der annahme, denk/e nach,
            überleg/e/en/ung, logisch//e/er/es/en, konsequenz, konsequenzen""",
        Sign.CODE: _CODE
        + """,
            programmier/e/en/t/ung, quellcode, quelltext, programmiersprache, implementier/e/en/t/ung,
            kompilier/e/en/t, compiler, refaktorier/e/en, regulärer ausdruck, regulären ausdruck,
            reguläre ausdrücke, unittest, unittests, fehlermeldung im code, datenbankabfrage""",
        Sign.WEAK_CODE: _WEAK_CODE
        + """,
            funktion, funktionen, methode, methoden, klasse, klassen, schleife, schleifen, variable,
            variablen, skript, programm, fehlermeldung, schnittstelle, datenbank, abfrage""",
    },
    Language.ENGLISH: {
        Sign.COMPLEXITY: """
            complex, complexity, complicated, difficult, multi-step, multistep, comprehensive, in-depth,
            in depth, detailed, thorough, thoroughly, optimi/ze/se/zation/sation/zing/sing, architecture,
            scalable, scalability, distributed, concurrent, concurrency, deadlock, deadlocks,
            race condition, race conditions, algorithm, algorithms, time complexity, invariant,
            invariants, constraint, constraints, edge case, edge cases, trade-off, trade-offs, tradeoff,
            tradeoffs, strategy, strategies, prove, proof, contradiction, contradictions, induction,
            theorem, probability, system of equations, differential equation, formal verification,
            taking into account, all cases, vulnerability, vulnerabilities, design a""",
        Sign.SIMPLICITY: """
            simple, simply, short, brief, briefly, concise, trivial, quick, quickly, one sentence,
            a single sentence, one word, a single word, one-liner, bullet point, bullet points, yes or no,
            just the answer, only the answer, basic, tl;dr, overview""",
        Sign.REASONING: """
            why, because of what, justify, justification, explain, explanation, reason, reasons,
            reasoning, infer, inference, deduce, deduction, conclude, conclusion, derive, derivation,
            argue, argument, arguments, step by step, step-by-step, pros and cons,
            advantages and disadvantages, cause, causes, what if, suppose, assume, assuming,
            think through, think about, logical, logically, implication, implications, consequence,
            consequences, how come""",
        Sign.CODE: _CODE
        + """,
            source code, programming, implement, implements, implementation, compile, compiles, compiler,
            refactored, regular expression, regular expressions, unit-test, code snippet, codebase""",
        Sign.WEAK_CODE: _WEAK_CODE
        + """,
            function, functions, method, methods, class, classes, loop, loops, variable, variables,
            program, error message, interface, database, query""",
    },
}

TASK_CUES: dict[Language, dict[TaskType, str]] = {
    Language.GERMAN: {
        TaskType.SENTIMENT: """
            sentiment, stimmung, stimmungslage, tonalität, positiv oder negativ, negativ oder positiv""",
        TaskType.CLASSIFY: """
            klassifizier/e/en/t/ung, kategorisier/e/en/t/ung, kategorie, kategorien, ordne, ordnen sie,
            einordnen, zuordnen, welche kategorie, welches label, eine der kategorien, eine der klassen""",
        TaskType.EXTRACT: """
            extrahier/e/en/t, extraktion, extrakt, herauslesen, finde alle, nenne alle, liste alle,
            lies alle""",
        TaskType.SUMMARIZE: """
            zusammenfass/en/ung/ungen, zusammengefasst, fasse, fassen sie, fass den, fass das, fass die,
            fass diesen, fass dieses, fass mir, fass zusammen, kernaussage, kernaussagen, kürze, kürzen""",
        TaskType.TRANSLATE: """
            übersetz/e/en/t/ung/ungen, ins deutsche, ins englische, auf englisch, auf deutsch,
            ins französische""",
        TaskType.FORMATTING: """
            formatier/e/en/t/ung, umformatieren, als tabelle, als liste, als json, in eine tabelle,
            markdown, korrigier/e/en/t, rechtschreibung, umformulieren, formuliere um, sortiere, sortieren""",
        TaskType.ANALYZE: """
            analysier/e/en/t, analyse, analysen, vergleich/e/en/t, bewert/e/en/et/ung,
            untersuch/e/en/t/ung, interpretier/e/en/t, beurteile, auswerten, auswertung, werte aus""",
        TaskType.DOCUMENTATION: """
            dokumentier/e/en/t, dokumentation, docstring, docstrings, readme, benutzerhandbuch, handbuch,
            technische beschreibung""",
    },
    Language.ENGLISH: {
        TaskType.SENTIMENT: "sentiment, tonality, mood, positive or negative, negative or positive",
        TaskType.CLASSIFY: """
            classify, classification, categorize, categorise, category, categories, assign a label,
            which label, label this, label the""",
        TaskType.EXTRACT: "extract, extraction, find all, list all, pull out",
        TaskType.SUMMARIZE: """
            summari/ze/se/zing/sing, summary, summaries, tl;dr, key points, main points, shorten, condense""",
        TaskType.TRANSLATE: """
            translate, translates, translation, translations, into german, into english, into french,
            to german, to english""",
        TaskType.FORMATTING: """
            format this, format the, formatted, reformat, formatting, as a table, as a list, as json,
            into a table, markdown, proofread, rephrase, reword, spelling, sort the, sort these, sort this""",
        TaskType.ANALYZE: """
            analyz/e/es/ing, analys/e/is/es/ing, compare, comparison, evaluate, evaluation, assess,
            assessment, interpret, interpretation, examine""",
        TaskType.DOCUMENTATION: """
            document this, document the, documentation, docstring, docstrings, readme, user guide,
            user manual, technical description""",
    },
}
