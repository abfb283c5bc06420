/**
 * ISO 3166-1 countries: two letters, three letters, English short name, then spellings that address books use for them.
 * Partner Center takes the two letters only, CRMs hold free text. Source: the public ISO 3166-1 list (read 2023-10).
 */
const TABLE = `
AF AFG Afghanistan
AX ALA Åland Islands|Aland Islands
AL ALB Albania
DZ DZA Algeria
AS ASM American Samoa
AD AND Andorra
AO AGO Angola
AI AIA Anguilla
AQ ATA Antarctica
AG ATG Antigua and Barbuda|Antigua & Barbuda|Antigua
AR ARG Argentina
AM ARM Armenia
AW ABW Aruba
AU AUS Australia
AT AUT Austria|Österreich|Oesterreich
AZ AZE Azerbaijan
BS BHS Bahamas|The Bahamas
BH BHR Bahrain
BD BGD Bangladesh
BB BRB Barbados
BY BLR Belarus
BE BEL Belgium|België|Belgique|Belgien
BZ BLZ Belize
BJ BEN Benin
BM BMU Bermuda
BT BTN Bhutan
BO BOL Bolivia|Plurinational State of Bolivia
BQ BES Bonaire, Sint Eustatius and Saba|Caribbean Netherlands|Bonaire
BA BIH Bosnia and Herzegovina|Bosnia & Herzegovina|Bosnia
BW BWA Botswana
BV BVT Bouvet Island
BR BRA Brazil|Brasil
IO IOT British Indian Ocean Territory
BN BRN Brunei|Brunei Darussalam
BG BGR Bulgaria
BF BFA Burkina Faso
BI BDI Burundi
CV CPV Cabo Verde|Cape Verde
KH KHM Cambodia
CM CMR Cameroon
CA CAN Canada
KY CYM Cayman Islands
CF CAF Central African Republic
TD TCD Chad
CL CHL Chile
CN CHN China|People's Republic of China|PR China|PRC|Mainland China
CX CXR Christmas Island
CC CCK Cocos (Keeling) Islands|Cocos Islands
CO COL Colombia
KM COM Comoros
CG COG Congo|Republic of the Congo|Congo-Brazzaville
CD COD Democratic Republic of the Congo|DR Congo|DRC|Congo-Kinshasa|Congo, Democratic Republic
CK COK Cook Islands
CR CRI Costa Rica
CI CIV Côte d'Ivoire|Cote d'Ivoire|Ivory Coast
HR HRV Croatia|Hrvatska
CU CUB Cuba
CW CUW Curaçao|Curacao
CY CYP Cyprus
CZ CZE Czechia|Czech Republic|Česko
DK DNK Denmark|Danmark
DJ DJI Djibouti
DM DMA Dominica
DO DOM Dominican Republic
EC ECU Ecuador
EG EGY Egypt
SV SLV El Salvador
GQ GNQ Equatorial Guinea
ER ERI Eritrea
EE EST Estonia|Eesti
SZ SWZ Eswatini|Swaziland
ET ETH Ethiopia
FK FLK Falkland Islands|Falkland Islands (Malvinas)
FO FRO Faroe Islands
FJ FJI Fiji
FI FIN Finland|Suomi
FR FRA France
GF GUF French Guiana
PF PYF French Polynesia
TF ATF French Southern Territories
GA GAB Gabon
GM GMB Gambia|The Gambia
GE GEO Georgia
DE DEU Germany|Deutschland|Federal Republic of Germany|GER
GH GHA Ghana
GI GIB Gibraltar
GR GRC Greece|Hellas|Ελλάδα
GL GRL Greenland
GD GRD Grenada
GP GLP Guadeloupe
GU GUM Guam
GT GTM Guatemala
GG GGY Guernsey
GN GIN Guinea
GW GNB Guinea-Bissau
GY GUY Guyana
HT HTI Haiti
HM HMD Heard Island and McDonald Islands
VA VAT Holy See|Vatican City|Vatican
HN HND Honduras
HK HKG Hong Kong|Hong Kong SAR|Hong Kong SAR China
HU HUN Hungary|Magyarország
IS ISL Iceland
IN IND India|Bharat
ID IDN Indonesia
IR IRN Iran|Islamic Republic of Iran
IQ IRQ Iraq
IE IRL Ireland|Republic of Ireland|Éire|Eire
IM IMN Isle of Man
IL ISR Israel
IT ITA Italy|Italia
JM JAM Jamaica
JP JPN Japan|日本
JE JEY Jersey
JO JOR Jordan
KZ KAZ Kazakhstan
KE KEN Kenya
KI KIR Kiribati
KP PRK North Korea|Democratic People's Republic of Korea|DPRK
KR KOR South Korea|Korea|Republic of Korea|Korea, Republic of
KW KWT Kuwait
KG KGZ Kyrgyzstan
LA LAO Laos|Lao People's Democratic Republic|Lao PDR
LV LVA Latvia
LB LBN Lebanon
LS LSO Lesotho
LR LBR Liberia
LY LBY Libya
LI LIE Liechtenstein
LT LTU Lithuania
LU LUX Luxembourg|Luxemburg
MO MAC Macao|Macau|Macao SAR
MG MDG Madagascar
MW MWI Malawi
MY MYS Malaysia
MV MDV Maldives
ML MLI Mali
MT MLT Malta
MH MHL Marshall Islands
MQ MTQ Martinique
MR MRT Mauritania
MU MUS Mauritius
YT MYT Mayotte
MX MEX Mexico|México
FM FSM Micronesia|Federated States of Micronesia
MD MDA Moldova|Republic of Moldova
MC MCO Monaco
MN MNG Mongolia
ME MNE Montenegro
MS MSR Montserrat
MA MAR Morocco|Maroc
MZ MOZ Mozambique
MM MMR Myanmar|Burma
NA NAM Namibia
NR NRU Nauru
NP NPL Nepal
NL NLD Netherlands|The Netherlands|Nederland|Holland
NC NCL New Caledonia
NZ NZL New Zealand|Aotearoa
NI NIC Nicaragua
NE NER Niger
NG NGA Nigeria
NU NIU Niue
NF NFK Norfolk Island
MK MKD North Macedonia|Macedonia
MP MNP Northern Mariana Islands
NO NOR Norway|Norge
OM OMN Oman
PK PAK Pakistan
PW PLW Palau
PS PSE Palestine|State of Palestine|Palestinian Territories
PA PAN Panama
PG PNG Papua New Guinea
PY PRY Paraguay
PE PER Peru|Perú
PH PHL Philippines|The Philippines
PN PCN Pitcairn|Pitcairn Islands
PL POL Poland|Polska
PT PRT Portugal
PR PRI Puerto Rico
QA QAT Qatar
RE REU Réunion|Reunion
RO ROU Romania|România
RU RUS Russia|Russian Federation
RW RWA Rwanda
BL BLM Saint Barthélemy|Saint Barthelemy|St. Barthélemy
SH SHN Saint Helena, Ascension and Tristan da Cunha|Saint Helena|St. Helena
KN KNA Saint Kitts and Nevis|St. Kitts & Nevis|St. Kitts and Nevis
LC LCA Saint Lucia|St. Lucia
MF MAF Saint Martin|Saint Martin (French part)|St. Martin
PM SPM Saint Pierre and Miquelon|St. Pierre & Miquelon
VC VCT Saint Vincent and the Grenadines|St. Vincent & Grenadines
WS WSM Samoa
SM SMR San Marino
ST STP Sao Tome and Principe|São Tomé and Príncipe|São Tomé & Príncipe
SA SAU Saudi Arabia|KSA|Kingdom of Saudi Arabia
SN SEN Senegal
RS SRB Serbia|Srbija
SC SYC Seychelles
SL SLE Sierra Leone
SG SGP Singapore
SX SXM Sint Maarten
SK SVK Slovakia|Slovak Republic|Slovensko
SI SVN Slovenia|Slovenija
SB SLB Solomon Islands
SO SOM Somalia
ZA ZAF South Africa|RSA|Republic of South Africa
GS SGS South Georgia and the South Sandwich Islands
SS SSD South Sudan
ES ESP Spain|España|Espana
LK LKA Sri Lanka
SD SDN Sudan
SR SUR Suriname
SJ SJM Svalbard and Jan Mayen
SE SWE Sweden|Sverige
CH CHE Switzerland|Schweiz|Suisse|Svizzera|Swiss Confederation
SY SYR Syria|Syrian Arab Republic
TW TWN Taiwan|Taiwan, Province of China|Chinese Taipei
TJ TJK Tajikistan
TZ TZA Tanzania|United Republic of Tanzania
TH THA Thailand
TL TLS Timor-Leste|East Timor
TG TGO Togo
TK TKL Tokelau
TO TON Tonga
TT TTO Trinidad and Tobago|Trinidad & Tobago
TN TUN Tunisia
TR TUR Türkiye|Turkey|Turkiye
TM TKM Turkmenistan
TC TCA Turks and Caicos Islands|Turks & Caicos Islands
TV TUV Tuvalu
UG UGA Uganda
UA UKR Ukraine
AE ARE United Arab Emirates|UAE|Emirates
GB GBR United Kingdom|UK|Great Britain|Britain|England|Scotland|Wales|Northern Ireland|United Kingdom of Great Britain and Northern Ireland
US USA United States|United States of America|U.S.A.|U.S.|America
UM UMI United States Minor Outlying Islands|U.S. Outlying Islands
UY URY Uruguay
UZ UZB Uzbekistan
VU VUT Vanuatu
VE VEN Venezuela|Bolivarian Republic of Venezuela
VN VNM Vietnam|Viet Nam
VG VGB British Virgin Islands|Virgin Islands, British
VI VIR U.S. Virgin Islands|US Virgin Islands|Virgin Islands, U.S.
WF WLF Wallis and Futuna
EH ESH Western Sahara
YE YEM Yemen
ZM ZMB Zambia
ZW ZWE Zimbabwe
`

interface Country {
  readonly alpha2: string
  readonly alpha3: string
  readonly name: string
}

/** Spelling without accents, punctuation and case, so that "Côte d'Ivoire" and "cote divoire" are one. */
const spelling = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/&/g, 'and')
    .replace(/[^\p{L}\p{N}]/gu, '')

export const COUNTRIES: readonly Country[] = TABLE.trim()
  .split('\n')
  .map((line) => ({ alpha2: line.slice(0, 2), alpha3: line.slice(3, 6), name: line.slice(7).split('|')[0] ?? '' }))

const bySpelling: ReadonlyMap<string, Country> = new Map(
  TABLE.trim()
    .split('\n')
    .flatMap((line, index) => {
      const country = COUNTRIES[index]
      if (country === undefined) return []
      return [country.alpha2, country.alpha3, ...line.slice(7).split('|')].map((text): [string, Country] => [spelling(text), country])
    }),
)

const find = (text: string): Country | undefined => bySpelling.get(spelling(text))

/** Two letters for any known spelling; what we do not know stays as it is, so that a check can show it to a person. */
export const iso2 = (text: string): string => find(text)?.alpha2 ?? text.trim()
export const iso3 = (text: string): string => find(text)?.alpha3 ?? text.trim()
export const countryName = (text: string): string => find(text)?.name ?? text.trim()
